"""Lists of records of any kind: filtered, sorted, shown in columns, kept as views. What the records are, others say."""

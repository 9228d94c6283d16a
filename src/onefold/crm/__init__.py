"""The salesperson's side: deals, tasks, activities, custom objects, beside the people and companies they are about."""

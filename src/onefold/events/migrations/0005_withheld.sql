-- Fragments whose events are being erased, piece by piece: nobody sees them any more, and a rebuild leaves them out.
create table withheld (
    fragment bigint primary key
);

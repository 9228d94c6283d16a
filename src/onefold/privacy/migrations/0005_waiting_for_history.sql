-- Before somebody is erased whose older events are in the lake only, those are fetched.
alter table privacy_request add is_waiting boolean not null default false;

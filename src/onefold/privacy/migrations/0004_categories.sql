-- What consent banners call things, and which purpose that means here; none = strictly necessary, nobody is asked.
create table consent_category (
    name    text primary key check (name ~ '^[a-z0-9][a-z0-9_]{0,49}$'),
    purpose text                           -- one of `purpose`; null = none
);
insert into consent_category (name, purpose) values
    -- OneTrust's default groups
    ('c0001', null), ('c0002', 'analytics'), ('c0003', 'personalisation'), ('c0004', 'advertising'), ('c0005', 'advertising'),
    -- Cookiebot, and the words of most others
    ('necessary', null), ('strictly_necessary', null), ('essential', null), ('preferences', 'personalisation'),
    ('functional', 'personalisation'), ('personalization', 'personalisation'), ('statistics', 'analytics'),
    ('performance', 'analytics'), ('marketing', 'advertising'), ('targeting', 'advertising'),
    -- Google's consent mode
    ('security_storage', null), ('functionality_storage', null), ('personalization_storage', 'personalisation'),
    ('analytics_storage', 'analytics'), ('ad_storage', 'advertising'), ('ad_user_data', 'advertising'),
    ('ad_personalization', 'advertising');

-- Which names were ever said: read by skipping from one to the next.
create index on consent (purpose);

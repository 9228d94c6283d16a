-- Whether browsers of our own site get a cookie from the collector, which is then a device id.
alter table source add column id_cookie boolean not null default false check (not id_cookie or kind = 'browser');

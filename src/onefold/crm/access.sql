-- user: their number (unique index on username)
select id from accounts_user where username = %(username)s

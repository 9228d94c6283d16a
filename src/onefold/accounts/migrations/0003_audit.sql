create table audit (
    id bigint primary key,
    at timestamptz not null,
    actor text not null,
    action text not null,
    target text not null,
    details jsonb not null,
    address inet,
    hash bytea not null
);
create index audit_actor on audit (actor, id);
create index audit_action on audit (action, id);
create index audit_target on audit (target, id);

-- an array, so that no text can pretend to be two
create function audit_hash(before bytea, id bigint, at timestamptz, actor text, action text, target text, details jsonb, address inet)
returns bytea language sql immutable as $$
    select sha256(before || convert_to(
        jsonb_build_array(id, extract(epoch from at)::text, actor, action, target, details, host(address))::text, 'UTF8'))
$$;

create function audit_append(actor text, action text, target text, details jsonb, address inet)
returns bigint language plpgsql as $$
declare
    last record;
    next_id bigint;
    this_moment timestamptz;
begin
    perform pg_advisory_xact_lock(265216, 1);  -- one at a time: each holds the hash of the one before
    select a.id, a.hash into last from audit a order by a.id desc limit 1;
    next_id := coalesce(last.id, 0) + 1;
    this_moment := clock_timestamp();
    insert into audit (id, at, actor, action, target, details, address, hash)
    values (next_id, this_moment, actor, action, target, details, address,
        audit_hash(coalesce(last.hash, ''), next_id, this_moment, actor, action, target, details, address));
    return next_id;
end
$$;

create function audit_refuse() returns trigger language plpgsql as $$
begin
    raise exception 'the audit log is append-only';
end
$$;
create trigger audit_append_only before update or delete on audit for each row execute function audit_refuse();

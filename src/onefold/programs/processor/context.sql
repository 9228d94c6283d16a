-- last_config: the configuration that was last taken into use
select version, priorities from config_in_use order by seq desc limit 1

-- last_rebuild: when stored rows were last mended by another process (a row a change of configuration)
select coalesce(max(seq), 0) from config_in_use where is_rebuild

-- note_config: a configuration is taken into use
insert into config_in_use (version, priorities, is_rebuild) values (%(version)s, %(priorities)s, %(is_rebuild)s)

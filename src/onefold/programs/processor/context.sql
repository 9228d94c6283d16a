-- last_config: the configuration that was last taken into use
select version, priorities from config_in_use order by seq desc limit 1

-- note_config: a configuration is taken into use
insert into config_in_use (version, priorities, is_rebuild) values (%(version)s, %(priorities)s, %(is_rebuild)s)

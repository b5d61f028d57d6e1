{#- The WITH part of tables on Kafka. It expands for the environment, the job and the table's role:
    a source gets its startpoint, a sink the job's delivery guarantee. -#}

{%- from 'macros/connector.sql' import with_options -%}

{#- An append-only topic.
    key:           column, or list of columns, that is the record's key; also part of the value.
    on_error:      'skip' counts and skips records that don't parse, 'fail' fails the job.
    idle_timeout:  after this long without a record a partition no longer holds the watermark back.
    message_class: with format='protobuf', the Java class of the messages, in one of the job's jars.
    more:          further connector or format options, by name. -#}
{%- macro kafka(topic, format='json', key=none, key_format='raw', on_error='skip', idle_timeout=none,
                message_class=none, more={}) -%}
{%- set keys = [key] if key is string else (key or []) -%}
{{ with_options(kafka_options(topic=topic, format=format, keys=keys,
                         key_format='json' if key_format == 'raw' and keys | length > 1 else key_format,
                         on_error=on_error, idle_timeout=idle_timeout, message_class=message_class, more=more)) }}
{%- endmacro -%}

{#- A changelog topic: the latest record of a key wins, a record without value deletes it.
    The table needs a PRIMARY KEY. -#}
{%- macro upsert_kafka(topic, format='json', key_format='json', on_error='skip', idle_timeout=none,
                       message_class=none, more={}) -%}
{{ with_options(upsert_kafka_options(topic=topic, format=format, key_format=key_format, on_error=on_error,
                                idle_timeout=idle_timeout, message_class=message_class, more=more)) }}
{%- endmacro -%}

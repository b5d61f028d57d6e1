{#- A table in a database, to look rows up in: JOIN ... FOR SYSTEM_TIME AS OF a processing-time column.
    password:   write it as '${VARIABLE}'.
    cache_ttl:  how long a row that was looked up may be used again; without it every row is asked for.
    cache_rows: how many rows are kept at most, on each TaskManager. -#}
{%- from 'macros/connector.sql' import with_options -%}
{%- macro jdbc(url, table, username=none, password=none, cache_ttl=none, cache_rows=100000, more={}) -%}
{{ with_options({
    'connector': 'jdbc',
    'url': url,
    'table-name': table,
    'username': username,
    'password': password,
    'lookup.cache': 'PARTIAL' if cache_ttl else none,
    'lookup.partial-cache.expire-after-write': cache_ttl,
    'lookup.partial-cache.max-rows': cache_rows if cache_ttl else none,
}, more) }}
{%- endmacro -%}

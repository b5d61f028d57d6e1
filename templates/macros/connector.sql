{#- The WITH part of any connector: names and values as string literals, those that are none left out. -#}
{%- macro with_options(pairs, more={}) -%}
WITH (
{% for name, value in dict(pairs, **more).items() if value is not none %}
    {{ name | literal }} = {{ value | literal }}{{ "," if not loop.last }}
{% endfor %}
)
{%- endmacro -%}

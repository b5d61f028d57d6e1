"""How a broker's and a cluster's JVMs log: one file for each process, rolled over."""

from __future__ import annotations

from collections.abc import Mapping

LOG_FILE = "log.file"
"""The system property of a JVM that names its log. Flink's web page shows the file of this one."""

_TEMPLATE = """\
status = error
rootLogger.level = {root}
rootLogger.appenderRef.file.ref = file
{loggers}
appender.file.type = RollingFile
appender.file.name = file
appender.file.fileName = ${{sys:{log}}}
appender.file.filePattern = ${{sys:{log}}}.%i
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d %-5p %c{{1.}} - %m%n
appender.file.policies.type = Policies
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = 50MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 3
"""


def log4j_properties(root: str, levels: Mapping[str, str]) -> str:
    """The content of a log4j2 properties file.

    Args:
        root: the level of all loggers but those named.
        levels: the levels of others by the prefix of their names.
    """
    loggers = "\n".join(
        f"logger.l{number}.name = {name}\nlogger.l{number}.level = {level}"
        for number, (name, level) in enumerate(levels.items())
    )
    return _TEMPLATE.format(root=root, loggers=loggers, log=LOG_FILE)

"""How long a partition was silent: of an output topic with message.timestamp.type=LogAppendTime, to which rk-write
--partition same writes what came at an even rate."""


def longest_silences(kafka, topic):
    """Of each partition the longest time between two records, in seconds."""
    times = {}
    for line in kafka.support("kdump", "-t", topic).splitlines():
        partition, _, timestamp, *_ = line.split("\t")
        times.setdefault(int(partition), []).append(int(timestamp))
    return [round(max((after - before for before, after in zip(each, each[1:])), default=0) / 1000, 2)
            for _, each in sorted(times.items())]

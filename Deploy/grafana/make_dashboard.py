#!/usr/bin/env python3
"""Writes dashboards/deblur.json: `python3 make_dashboard.py > dashboards/deblur.json`. A test compares."""

import json

SELECT = '{job="$job", instance=~"$instance"}'


def by(*labels):
    return f"sum by ({', '.join(labels)}) "


# title, unit, width of 24, [(expression, legend)]
ROWS = [
    (
        "Is it well?",
        [
            ("Ready", "bool_yes_no", 4, [(f"count(deblur_build_info{SELECT}) or vector(0)", "ready replicas")], "stat"),
            (
                "Photos per minute",
                "short",
                4,
                [
                    (
                        '60 * sum(rate(deblur_http_requests_total{job="$job", instance=~"$instance", route="/deblur", code="200"}[5m]))',
                        "",
                    )
                ],
                "stat",
            ),
            (
                "Refused: queue full",
                "percentunit",
                4,
                [('max(deblur:refused:ratio5m{job="$job", instance=~"$instance"})', "")],
                "stat",
            ),
            (
                "Queue empties in",
                "s",
                4,
                [('max(deblur:queue:seconds{job="$job", instance=~"$instance"})', "")],
                "stat",
            ),
            (
                "Cores in use",
                "percentunit",
                4,
                [('avg(deblur:workers:used_ratio{job="$job", instance=~"$instance"})', "")],
                "stat",
            ),
            (
                "Tiles not believed, 1 h",
                "short",
                4,
                [(f"sum(increase(deblur_tile_anomalies_total{SELECT}[1h]))", "")],
                "stat",
            ),
        ],
    ),
    (
        "Requests",
        [
            (
                "Answers per second, by status",
                "reqps",
                8,
                [
                    (
                        by("code")
                        + '(rate(deblur_http_requests_total{job="$job", instance=~"$instance", route="/deblur"}[5m]))',
                        "{{code}}",
                    )
                ],
            ),
            (
                "Seconds per photo",
                "s",
                8,
                [
                    (
                        "histogram_quantile(%s, " % q
                        + by("le")
                        + '(rate(deblur_http_request_seconds_bucket{job="$job", instance=~"$instance", route="/deblur"}[5m])))',
                        name,
                    )
                    for q, name in ((0.5, "half"), (0.9, "9 of 10"), (0.99, "99 of 100"))
                ],
            ),
            (
                "Refused and abandoned per second",
                "reqps",
                8,
                [
                    (by("reason") + f"(rate(deblur_rejected_total{SELECT}[5m]))", "refused: {{reason}}"),
                    (by("stage") + f"(rate(deblur_cancelled_total{SELECT}[5m]))", "client left: {{stage}}"),
                ],
            ),
        ],
    ),
    (
        "Queue and cores",
        [
            (
                "Waiting",
                "short",
                8,
                [
                    (f"deblur_queue_tiles{SELECT}", "tiles {{instance}}"),
                    (f"deblur_queue_images{SELECT}", "photos {{instance}}"),
                ],
            ),
            (
                "Wait before the first tile",
                "s",
                8,
                [
                    (
                        "histogram_quantile(%s, " % q
                        + by("le")
                        + f"(rate(deblur_queue_wait_seconds_bucket{SELECT}[5m])))",
                        name,
                    )
                    for q, name in ((0.5, "half"), (0.9, "9 of 10"))
                ],
            ),
            (
                "Workers",
                "short",
                8,
                [
                    (f"deblur_workers_busy{SELECT}", "busy {{instance}}"),
                    (f"deblur_workers{SELECT}", "all {{instance}}"),
                ],
            ),
        ],
    ),
    (
        "The network",
        [
            (
                "Tiles per second, by exit",
                "short",
                8,
                [(by("exit") + f"(rate(deblur_tiles_total{SELECT}[5m]))", "exit {{exit}}")],
            ),
            (
                "Seconds per tile, by exit",
                "s",
                8,
                [
                    (
                        by("exit")
                        + f"(rate(deblur_tile_seconds_sum{SELECT}[5m])) / "
                        + by("exit")
                        + f"(rate(deblur_tile_seconds_count{SELECT}[5m]))",
                        "exit {{exit}}",
                    )
                ],
            ),
            (
                "Core seconds per second, by stage",
                "short",
                8,
                [(by("stage") + f"(rate(deblur_stage_seconds_sum{SELECT}[5m]))", "{{stage}}")],
            ),
        ],
    ),
    (
        "Memory",
        [
            ("Resident", "bytes", 8, [(f"process_resident_memory_bytes{SELECT}", "{{instance}}")]),
            (
                "Reserved for photos",
                "bytes",
                8,
                [
                    (f"deblur_memory_reserved_bytes{SELECT}", "{{instance}}"),
                    (f"deblur_memory_budget_bytes{SELECT}", "budget {{instance}}"),
                ],
            ),
            ("File descriptors", "short", 8, [(f"process_open_fds{SELECT}", "{{instance}}")]),
        ],
    ),
]


def dashboard():
    panels, y, number = [], 0, 0
    for title, row in ROWS:
        number += 1
        panels.append(
            {
                "id": number,
                "type": "row",
                "title": title,
                "collapsed": False,
                "panels": [],
                "gridPos": {"x": 0, "y": y, "w": 24, "h": 1},
            }
        )
        y, x = y + 1, 0
        height = 4 if len(row[0]) > 4 else 8
        for name, unit, width, targets, *kind in row:
            number += 1
            source = {"type": "prometheus", "uid": "${source}"}
            panels.append(
                {
                    "id": number,
                    "type": kind[0] if kind else "timeseries",
                    "title": name,
                    "datasource": source,
                    "gridPos": {"x": x, "y": y, "w": width, "h": height},
                    "fieldConfig": {
                        "defaults": {"unit": "short" if unit == "bool_yes_no" else unit, "min": 0},
                        "overrides": [],
                    },
                    "targets": [
                        {"refId": chr(65 + i), "expr": expression, "legendFormat": legend, "datasource": source}
                        for i, (expression, legend) in enumerate(targets)
                    ],
                }
            )
            x += width
        y += height
    choose = {"type": "query", "datasource": {"type": "prometheus", "uid": "${source}"}, "refresh": 2}
    return {
        "uid": "deblur",
        "title": "deblur",
        "tags": ["deblur"],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "time": {"from": "now-3h", "to": "now"},
        "refresh": "30s",
        "timezone": "browser",
        "annotations": {"list": []},
        "templating": {
            "list": [
                {"name": "source", "label": "Source", "type": "datasource", "query": "prometheus"},
                {"name": "job", "label": "Job", **choose, "query": "label_values(deblur_workers, job)"},
                {
                    "name": "instance",
                    "label": "Replica",
                    **choose,
                    "query": 'label_values(deblur_workers{job="$job"}, instance)',
                    "multi": True,
                    "includeAll": True,
                    "allValue": ".+",
                    "current": {"text": "All", "value": "$__all"},
                },
            ]
        },
        "panels": panels,
    }


if __name__ == "__main__":
    print(json.dumps(dashboard(), indent=2))

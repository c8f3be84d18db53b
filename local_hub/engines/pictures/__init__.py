"""Jobs as something to look at: circuits as text, results as histograms. One module per engine, like the engines.

They are engines themselves, so that a worker draws as it simulates, within the same limits: the task's input is
`{"job": the job's input, "result": its result document as text, or None, "notes": [...]}`, and the document is

    {"circuits": [{"title", "text"}], "notes": [...],
     "histograms": [{"title", "unit", "values", "total", "more", "rest"}]}

A module `draw(task)` yields drawings; what it refuses is shown as it was sent.
"""

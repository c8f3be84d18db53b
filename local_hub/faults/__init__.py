"""Faults on purpose, for testing what users build: `--fault SPEC`, `--latency SECONDS`, and the admin API.

A fault is a text of parts with `:` between them: its kind, the requests that it strikes, and options.

    KIND[:REQUESTS][:OPTION=VALUE]...            503:probability=0.2
                                                 reset-after:createJob:times=1
                                                 truncate:GET /jobs/*/result-stream:skip=1:times=1

Kinds. The request is not handled:

- `429`, `500`, `502`, `503`, `504`: it is answered with this status; `retry-after=SECONDS` adds the header (429 has one
  in any case, of 1 second);
- `drop`: the connection is closed without an answer; `reset`: it is reset (TCP RST).

The request is handled, and its answer, if it is a success, is lost:

- `drop-after`, `reset-after`, `500-after`, `502-after`, `503-after`, `504-after`: what was asked for is done;
- `truncate`: half of the body comes, then the connection is closed; `Content-Length` promises all of it.

Any answer:

- `delay`: it comes `seconds=SECONDS` later; the request is handled at once.

New jobs (the requests are `createJob` and need not be named):

- `slow-queue`: they begin after `seconds=SECONDS` at the earliest;
- `late-listing`: lists of jobs and workloads leave them out for `seconds=SECONDS`; by its id each is found at once.

Requests: operations of the API by their ids (`createJob`), `login`, or a method and a path below `/quantum`, where `*`
stands for one part of the path (`GET /jobs/*`; `/jobs/*` for any method); several have commas between them. Without
any, all of the API. The admin API is never struck.

Options: `probability=P` (0 to 1), `times=N` (strikes N times, then never again), `skip=N` (lets the first N pass),
`seconds=S` or `seconds=A-B` (drawn anew each time), `seed=N`. What is drawn follows from the seed (the Hub's `--seed`,
else 0), the fault and how many requests it has met: a run repeats. Of several faults that strike one request, the one
that was added first does; delays add up.
"""

// The console: asks the Hub once a second for what changed, less often when nobody looks or the Hub does not answer.

import { duration, el, facts, picture, pill, said, sync, time } from "/console/parts.js";

const SECOND = 1000;
const HIDDEN = 15 * SECOND;
const LONGEST_PAUSE = 30 * SECOND;
const TIMEOUT = 30 * SECOND;
const JOBS_A_PAGE = 20;
const ROUNDS_BETWEEN_BACKENDS = 5;
const STATES_A_ROUND = 4;
const FINAL = ["COMPLETED", "FAILED", "CANCELLED", "ABORTED", "DETACHED"];
const at = (id) => document.getElementById(id);

class Refusal extends Error {
  constructor(status, message, pause) {
    super(message);
    this.status = status;
    this.pause = pause;
  }
}

// --- who asks

const who = {
  token: sessionStorage.getItem("token"),
  organization: sessionStorage.getItem("organization"),
  keep(token, organization) {
    this.token = token;
    this.organization = organization;
    sessionStorage.setItem("token", token);
    sessionStorage.setItem("organization", organization);
  },
  forget() {
    this.token = this.organization = null;
    sessionStorage.clear();
  },
};

// A token in the address is taken out of it at once; what follows # never went to the server.
function takeTokenFromAddress() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!token) return;
  who.keep(token, "");
  history.replaceState(null, "", location.pathname);
}

async function ask(path) {
  const headers = { "X-Auth-Token": who.token };
  if (who.organization) headers["X-OrganizationId"] = who.organization;
  const answer = await fetch(path, {
    headers,
    cache: "no-store",
    credentials: "omit",
    signal: AbortSignal.timeout(TIMEOUT),
  });
  if (answer.ok) return answer.json();
  const detail = await answer.json().then((body) => body.detail, () => undefined);
  const pause = SECOND * Number(answer.headers.get("Retry-After") ?? 0);
  throw new Refusal(answer.status, detail ?? `The Hub answered ${answer.status}.`, pause);
}

// --- what is shown

const view = { page: 0, pages: 1, round: 0, failures: 0, timer: 0, number: 0, busy: true };
const backends = { all: [], states: new Map() };
const detail = { kind: null, id: null, pictureOf: null, content: null, problem: null, asking: false };

function state(kind, text) {
  const node = at("state");
  if (node.textContent !== text) node.textContent = text;
  node.dataset.state = kind;
}

function show(signedIn) {
  at("sign-in").hidden = signedIn;
  at("console").hidden = !signedIn;
  at("sign-out").hidden = !signedIn;
}

function signIn(problem = "") {
  clearTimeout(view.timer);
  view.number += 1;
  who.forget();
  show(false);
  state("idle", "");
  at("sign-in-problem").textContent = problem;
  at("token").focus();
}

function nameOf(job) {
  return job.name || job.id.slice(0, 8);
}

function isSelected(kind, id) {
  return detail.kind === kind && detail.id === id ? "true" : undefined;
}

function drawJobs(page) {
  view.pages = page.total_pages;
  view.busy = page.content.some((job) => !FINAL.includes(job.status));
  const first = page.page * page.size + 1;
  const last = first + page.content.length - 1;
  at("jobs-range").textContent = page.content.length ? `${first}–${last} of ${page.total_elements}` : "";
  at("jobs-newer").disabled = page.page === 0;
  at("jobs-older").disabled = page.page + 1 >= page.total_pages;
  at("jobs-none").hidden = page.total_elements > 0;
  const items = page.content.map((job) => ({ ...job, selected: isSelected("jobs", job.id) }));
  sync(at("jobs"), items, (job) => job.id, (job) =>
    el(
      "tr",
      { "aria-current": job.selected },
      el("th", { scope: "row" }, el("a", { href: `#/jobs/${job.id}`, title: job.id }, said(nameOf(job)))),
      el("td", {}, said(job.backend_id)),
      el("td", {}, pill(job.status)),
      el("td", { class: "number wide" }, job.shots.toLocaleString("en")),
      el("td", { class: "wide" }, time(job.created_at)),
      el("td", { class: "number wide" }, duration(job.runtime)),
    ),
  );
}

function drawSessions(page) {
  at("sessions-none").hidden = page.content.length > 0;
  const items = page.content.map((item) => ({ ...item, selected: isSelected("sessions", item.id) }));
  sync(at("sessions"), items, (item) => item.id, (item) =>
    el(
      "tr",
      { "aria-current": item.selected },
      el("th", { scope: "row" }, el("a", { href: `#/sessions/${item.id}`, title: item.id }, item.id.slice(0, 8))),
      el("td", {}, said(item.backend_id)),
      el("td", {}, pill(item.status)),
      el("td", { class: "wide" }, time(item.created_at)),
      el("td", { class: "wide" }, time(item.ended_at)),
    ),
  );
}

// Their states are no part of the list, and seldom change: a few are asked for in each round, all of them in the first.
async function lookAtStates() {
  const start = view.round * STATES_A_ROUND;
  const due = backends.states.size
    ? Array.from({ length: STATES_A_ROUND }, (_, step) => backends.all[(start + step) % backends.all.length])
    : backends.all;
  const found = due.map(async ({ id }) => [id, (await ask(`/quantum/backends/${id}/status`)).status]);
  for (const [id, status] of await Promise.all(found)) backends.states.set(id, status);
}

function drawBackends() {
  const waiting = backends.all.reduce((sum, backend) => sum + (backend.queue_size ?? 0), 0);
  at("backends-sum").textContent = `${waiting.toLocaleString("en")} waiting`;
  const items = backends.all.map((backend) => ({
    id: backend.id,
    status: backends.states.get(backend.id),
    qubits: backend.configuration?.qubit_count,
    queue: backend.queue_size ?? 0,
  }));
  sync(at("backends"), items, (item) => item.id, (item) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, said(item.id)),
      el("td", { class: "number" }, item.qubits === undefined ? "–" : String(item.qubits)),
      el("td", {}, item.status === undefined ? "…" : pill(item.status)),
      el("td", { class: item.queue ? "number busy" : "number faint" }, item.queue.toLocaleString("en")),
    ),
  );
}

// --- one job or session

function select() {
  const [, kind, id] = location.hash.match(/^#\/(jobs|sessions)\/([\w-]+)$/) ?? [];
  Object.assign(detail, { kind, id, pictureOf: null, content: null, problem: null });
  const panel = at("detail");
  panel.hidden = kind === undefined;
  panel.replaceChildren();
  if (kind === undefined) return;
  const close = el("a", { href: "#", class: "close", "aria-label": "Close" }, "×");
  const heading = el("h2", { id: "detail-title", tabindex: "-1" }, kind === "jobs" ? "Job" : "Session");
  panel.append(
    el("div", { class: "head" }, heading, close),
    el("div", { id: "detail-facts" }),
    el("div", { id: "detail-picture" }),
  );
  heading.focus({ preventScroll: true });
  panel.scrollIntoView({ block: "nearest" });
}

function once(node, content, draw) {
  const text = JSON.stringify(content);
  if (node.dataset.content === text) return;
  node.dataset.content = text;
  node.replaceChildren(...draw(content));
}

function drawJob(job) {
  at("detail-title").replaceChildren("Job ", said(nameOf(job)));
  const link = job.session_id && el("a", { href: `#/sessions/${job.session_id}` }, job.session_id);
  once(at("detail-facts"), job, () => [
    facts([
      ["Status", pill(job.status)],
      ["Backend", said(job.backend_id)],
      ["Shots", job.shots.toLocaleString("en")],
      ["Created", time(job.created_at)],
      ["Started", job.started_at && time(job.started_at)],
      ["Ended", job.ended_at && time(job.ended_at)],
      ["Took", job.runtime === undefined ? undefined : duration(job.runtime)],
      ["Format", job.input_format],
      ["Session", link],
      ["Tags", job.tags?.length ? said(job.tags.join(", ")) : undefined],
      ["Parameters", job.input_params ? said(JSON.stringify(job.input_params)) : undefined],
      ["Id", el("code", {}, job.id)],
    ]),
  ]);
  const wanted = `${job.id} ${FINAL.includes(job.status) ? "ended" : "open"}`;
  if (detail.pictureOf !== wanted && !detail.asking) draw(job.id, wanted);
  drawPicture();
}

async function draw(id, wanted) {
  detail.asking = true;
  let problem = null;
  let content = null;
  let again = 0;
  try {
    content = await ask(`/console/jobs/${id}/picture`);
  } catch (error) {
    const isBusy = !(error instanceof Refusal) || error.status === 503;
    problem = isBusy ? "Waiting for an idle worker to draw…" : error.message;
    again = isBusy ? 2 * SECOND : 0;
  }
  if (detail.id === id) {
    if (!again) detail.pictureOf = wanted;
    detail.problem = problem;
    detail.content = content ?? detail.content;
    drawPicture();
  }
  if (again) await new Promise((resolve) => setTimeout(resolve, again));
  detail.asking = false;
}

function drawPicture() {
  const { content, problem } = detail;
  const node = at("detail-picture");
  if (node === null) return;
  once(node, [content, problem], () => {
    if (content === null) return [el("p", { class: "faint" }, problem ?? "Drawing…")];
    return picture(content);
  });
}

function drawSession([session, jobs]) {
  at("detail-title").textContent = `Session ${session.id.slice(0, 8)}`;
  once(at("detail-facts"), [session, jobs], () => {
    const rows = jobs.map((job) =>
      el(
        "tr",
        {},
        el("th", { scope: "row" }, el("a", { href: `#/jobs/${job.id}` }, said(nameOf(job)))),
        el("td", {}, pill(job.status)),
        el("td", { class: "number" }, duration(job.runtime)),
      ),
    );
    return [
      facts([
        ["Status", pill(session.status)],
        ["Backend", said(session.backend_id)],
        ["Mode", session.mode],
        ["Created", time(session.created_at)],
        ["Started", session.started_at && time(session.started_at)],
        ["Expires", session.expires_at && time(session.expires_at)],
        ["Closed", session.closed_at && time(session.closed_at)],
        ["Used", duration(session.usage_time_millis)],
        ["Id", el("code", {}, session.id)],
      ]),
      el("h3", {}, jobs.length === 1 ? "1 job" : `${jobs.length} jobs`),
      el("table", {}, el("tbody", {}, ...rows)),
    ];
  });
}

async function lookAtDetail() {
  const { kind, id } = detail;
  if (!kind) return;
  const path = `/quantum/${kind}/${id}`;
  const asked = kind === "jobs" ? ask(path) : Promise.all([ask(path), ask(`${path}/jobs`)]);
  try {
    const content = await asked;
    if (detail.id === id) (kind === "jobs" ? drawJob : drawSession)(content);
  } catch (error) {
    if (!(error instanceof Refusal) || error.status !== 404) throw error;
    if (detail.id === id) once(at("detail-facts"), error.message, () => [el("p", { class: "problem" }, error.message)]);
  }
}

// --- again and again

async function look() {
  clearTimeout(view.timer);
  view.number += 1;
  const { number, page } = view;
  const current = () => number === view.number;
  let pause = SECOND;
  try {
    const withBackends = view.busy || view.round % ROUNDS_BETWEEN_BACKENDS === 0;
    const [jobs, sessions, all] = await Promise.all([
      ask(`/quantum/jobs?page=${page}&size=${JOBS_A_PAGE}`),
      ask(`/quantum/workloads?type=SESSION&size=${JOBS_A_PAGE}`),
      withBackends ? ask("/quantum/backends") : undefined,
      lookAtDetail(),
    ]);
    backends.all = all ?? backends.all;
    await lookAtStates();
    if (!current()) return;
    show(true);
    drawJobs(jobs);
    drawSessions(sessions);
    drawBackends();
    view.round += 1;
    view.failures = 0;
    state("live", document.hidden ? "Resting" : "Live");
  } catch (error) {
    if (!current()) return;
    if (error instanceof Refusal && (error.status === 401 || error.status === 403)) {
      signIn(error.message);
      return;
    }
    view.failures += 1;
    pause = Math.min(LONGEST_PAUSE, Math.max(error.pause ?? 0, SECOND * 2 ** view.failures));
    const reason = error instanceof Refusal ? error.message : "The Hub does not answer.";
    state("lost", `${reason} Asking again in ${Math.round(pause / SECOND)} s.`);
  }
  if (document.hidden) pause = Math.max(pause, HIDDEN);
  view.timer = setTimeout(look, pause);
}

function turn(step) {
  view.page = Math.max(0, Math.min(view.pages - 1, view.page + step));
  look();
}

at("sign-in-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const token = at("token").value.trim();
  const organization = at("organization").value.trim();
  at("token").value = "";
  if (!/^[\x21-\x7e]+$/.test(token) || !/^[\x20-\x7e]*$/.test(organization)) {
    at("sign-in-problem").textContent = "That has characters that no token has: copy it again.";
    return;
  }
  who.keep(token, organization);
  look();
});
at("sign-out").addEventListener("click", () => signIn());
at("jobs-newer").addEventListener("click", () => turn(-1));
at("jobs-older").addEventListener("click", () => turn(1));
addEventListener("hashchange", () => {
  takeTokenFromAddress();
  select();
  if (who.token) look();
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && who.token) look();
});

takeTokenFromAddress();
select();
if (who.token) look();
else signIn();

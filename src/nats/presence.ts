/**
 * The driver, as NATS sees it: a service that tells its status when asked, and its events on a subject of its own. It
 * uses a connection that is there, waits for nothing, and keeps no more than the latest events for one that is not.
 */
import type { DriverEvent } from '../core/events.ts';
import type { Log } from '../core/log.ts';
import { problemsOf } from '../core/readiness.ts';
import type { DriverStatus } from '../core/status.ts';
import type { Link } from './link.ts';
import { Service } from './service.ts';

export const SERVICE_NAME = 'docker-nats-log-driver';
/** Events that wait for a connection. */
const MAX_WAITING = 100;
/** Sessions in an answer that would be too large with all of them. */
const FEWER_SESSIONS = [100, 10, 0] as const;

export interface PresenceSettings {
  readonly version: string;
  readonly hostname: string;
  readonly status: () => DriverStatus | Promise<DriverStatus>;
  readonly log: Log;
}

export class Presence {
  #eventsSubject = '';
  readonly #settings: PresenceSettings;
  readonly #service: Service;
  readonly #statusSubject: string;
  #link: Link | undefined;
  #endService = (): void => undefined;
  #waiting: DriverEvent[];
  /** Events that nobody will get. */
  #lost = 0;
  #isMuted = false;

  constructor(settings: PresenceSettings) {
    const { version, hostname, status, log } = settings;
    this.#settings = settings;
    this.#statusSubject = `${SERVICE_NAME}.status.${toToken(hostname)}`;
    this.#service = new Service({
      name: SERVICE_NAME, version,
      description: 'Docker logging driver that publishes the output of containers',
      metadata: () => ({ hostname, node: process.versions.node, platform: `${process.platform}/${process.arch}`, events: this.#eventsSubject }),
      endpoint: { name: 'status', subject: this.#statusSubject },
      answer: async (limit) => fitting(await status(), limit),
      data: async () => summary(await status()),
    });
    this.#waiting = [...log.events.recent];
    log.events.listen((event) => this.#tell(event));
  }

  /** Events go to `<prefix>.<host>` from now on. To be called before a link is opened. */
  tellUnder(prefix: string): void {
    this.#eventsSubject = `${prefix}.${toToken(this.#settings.hostname)}`;
    this.#isMuted = false;
  }

  opened(link: Link): void {
    if (this.#link === link) return;
    this.#link = link;
    this.#isMuted = false;
    this.#endService = this.#service.open(link);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const event of waiting) this.#tell(event);
  }

  closed(): void {
    this.#link = undefined;
    this.#endService();
  }

  /** The server refuses a subject, to publish or to subscribe; false: it is none of these. */
  refused(subject: string): boolean {
    const isEvents = subject === this.#eventsSubject;
    if (isEvents) this.#isMuted = true;
    else if (subject !== this.#statusSubject && !subject.startsWith('$SRV.')) return false;
    this.#settings.log.limited('warn', `presence ${isEvents}`, isEvents ?
      'NATS does not permit this user to publish the events of the driver (nats-events-subject, nats-service)' :
      'NATS does not permit this user to answer as a service (nats-service)', { subject });
    return true;
  }

  #tell(event: DriverEvent): void {
    if (this.#link === undefined) {
      if (this.#waiting.push(event) <= MAX_WAITING) return;
      this.#waiting.shift();
      this.#lost++;
      return;
    }
    if (this.#isMuted) return;
    const message = { hostname: this.#settings.hostname, ...event, ...this.#lost > 0 ? { events_lost: this.#lost } : {} };
    if (this.#link.tell(this.#eventsSubject, JSON.stringify(message))) this.#lost = 0;
    else this.#lost++;
  }
}

/** A subject's token: a host name with dots would be several. */
function toToken(hostname: string): string {
  return hostname.replaceAll(/[^A-Za-z0-9_-]/g, '_') || '_';
}

/** With as many sessions as an answer can hold, the busiest first. */
function fitting(status: DriverStatus, limit: number): string {
  let text = JSON.stringify(status);
  for (const count of FEWER_SESSIONS) {
    if (Buffer.byteLength(text) <= limit) return text;
    text = JSON.stringify({ ...status, sessions: status.sessions.slice(0, count), sessions_omitted: Math.max(0, status.sessions.length - count) });
  }
  return text;
}

function summary(status: DriverStatus): object {
  const counts = Object.values(status.totals);
  const sum = (read: (each: DriverStatus['totals']['core']) => number): number => counts.reduce((total, each) => total + read(each), 0);
  return {
    uptime_seconds: status.uptime_seconds,
    sessions: status.sessions.length,
    bytes_read: status.bytes_read,
    lines_confirmed: sum(({ lines_confirmed }) => lines_confirmed),
    lines_dropped: sum(({ lines_dropped }) => Object.values(lines_dropped).reduce((total, lines) => total + lines, 0)),
    unconfirmed_bytes: status.sessions.reduce((total, { journal }) => total + journal.bytes, 0),
    oldest_unconfirmed_seconds: status.journal.oldest_age_seconds,
    problems: problemsOf(status, Date.now()).map(({ kind }) => kind),
  };
}

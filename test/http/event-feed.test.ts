import { describe, expect, it } from 'vitest';
import { EventFeed } from '../../src/http/event-feed.ts';

function publish(feed: EventFeed, count: number): void {
  for (let index = 0; index < count; index++)
    feed.publish({ type: 'decision', recipe: `app-${index}`, at: '2026-06-21T09:30:00.000Z', data: {} });
}

const idsOf = (feed: EventFeed, after: number) => {
  const { missed, events } = feed.after(after);
  return { missed, ids: events.map(({ id }) => id) };
};

describe('an event feed', () => {
  it('numbers events upwards, from where it was told to begin', () => {
    const feed = new EventFeed({ lastId: 41 });
    expect(feed.lastId).toBe(41);
    publish(feed, 2);
    expect([feed.lastId, idsOf(feed, 41)]).toEqual([43, { missed: false, ids: [42, 43] }]);
  });

  it('gives each reader what came after its own place', () => {
    const feed = new EventFeed();
    publish(feed, 3);
    expect(idsOf(feed, 0)).toEqual({ missed: false, ids: [1, 2, 3] });
    expect(idsOf(feed, 2)).toEqual({ missed: false, ids: [3] });
    expect(idsOf(feed, 3)).toEqual({ missed: false, ids: [] });
  });

  it('keeps the newest, and says so to who missed others', () => {
    const feed = new EventFeed({ kept: 3 });
    publish(feed, 10);
    expect(idsOf(feed, 7)).toEqual({ missed: false, ids: [8, 9, 10] });
    expect(idsOf(feed, 6)).toEqual({ missed: true, ids: [8, 9, 10] });
    expect(idsOf(feed, 0)).toEqual({ missed: true, ids: [8, 9, 10] });
  });

  it('takes a place that is still to come for another process’s', () => {
    const feed = new EventFeed();
    publish(feed, 2);
    expect(idsOf(feed, 500)).toEqual({ missed: true, ids: [1, 2] });
  });

  it('tells who missed everything of a process that published nothing yet', () => {
    expect(idsOf(new EventFeed({ lastId: 1000 }), 7)).toEqual({ missed: true, ids: [] });
  });

  it('wakes whoever waits, until they leave', () => {
    const feed = new EventFeed();
    let woken = 0;
    const wake = (): void => void woken++;
    const [leaveOnce, leaveAgain] = [feed.subscribe(wake), feed.subscribe(wake)];
    publish(feed, 1);
    expect(woken).toBe(2);
    leaveOnce();
    publish(feed, 1);
    expect(woken).toBe(3);
    leaveAgain();
    publish(feed, 1);
    expect(woken).toBe(3);
  });
});

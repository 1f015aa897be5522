/** What a reverse proxy is to reach of a service, and how it is passed on. */
import { describe, expect, it } from 'vitest';
import { readCompose } from '../../../../src/actuators/drivers/swarm/compose.ts';
import { relayCommand, routedPorts } from '../../../../src/actuators/drivers/swarm/relay.ts';

function portsOf(labels: Record<string, string>): number[] {
  const file = { services: { app: { image: 'app:1', deploy: { labels } } } };
  return routedPorts(readCompose(JSON.stringify(file), {}), 'app');
}

const port = (service: string): string => `traefik.http.services.${service}.loadbalancer.server.port`;

describe('the ports that a recipe tells the reverse proxy', () => {
  it('are all that it names, each once', () => {
    const labels = {
      'traefik.enable': 'true',
      [port('web')]: '80',
      [port('api')]: '8080',
      [port('www')]: '80',
    };
    expect(portsOf(labels)).toEqual([80, 8080]);
  });

  it('are none where it does not want to be found, or names none', () => {
    expect(portsOf({ [port('web')]: '80' })).toEqual([]);
    expect(portsOf({ 'traefik.enable': 'true', [port('web')]: 'http' })).toEqual([]);
  });
});

it('a relay listens on every port, each for as long as it lives', () => {
  const [flag, script] = relayCommand('tasks.warm-shop-1_app', [80, 8080]);
  expect(flag).toBe('-c');
  expect(script?.match(/nc -lk -p \d+ -e nc tasks\.warm-shop-1_app \d+/g)).toEqual([
    'nc -lk -p 80 -e nc tasks.warm-shop-1_app 80',
    'nc -lk -p 8080 -e nc tasks.warm-shop-1_app 8080',
  ]);
  expect(script).toMatch(/ wait$/);
});

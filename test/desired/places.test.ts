import { describe, expect, it } from 'vitest';
import { placesOf } from '../../src/desired/places.ts';

const mirrorAt = (url: string) => ({ url, login: null, forge: null });

const places = placesOf([
  { name: 'gitea', upstream: 'https://git.coopcloud.tech/coop-cloud/gitea.git', mirror: null },
  {
    name: 'keycloak',
    upstream: 'ssh://git@git.coopcloud.tech:2222/coop-cloud/keycloak',
    mirror: mirrorAt('https://forge.example.org/mirrors/keycloak'),
  },
  { name: 'gitea-next', upstream: 'git@git.coopcloud.tech:coop-cloud/gitea', mirror: null },
]);

describe('the recipes at an address', () => {
  it.each([
    ['https://git.coopcloud.tech/coop-cloud/gitea.git', ['gitea', 'gitea-next']],
    ['https://git.coopcloud.tech/coop-cloud/gitea', ['gitea', 'gitea-next']],
    ['git@GIT.coopcloud.tech:coop-cloud/gitea.git', ['gitea', 'gitea-next']],
    ['ssh://git@git.coopcloud.tech:2222/coop-cloud/gitea.git', ['gitea', 'gitea-next']],
    ['https://git.coopcloud.tech/coop-cloud/keycloak.git', ['keycloak']],
    ['git@forge.example.org:mirrors/keycloak.git', ['keycloak']],
    ['https://git.coopcloud.tech/coop-cloud/gite', []],
    ['https://elsewhere.example/coop-cloud/gitea', []],
    ['', []],
    ['constructor', []],
  ])('%s are %j', (url, expected) => {
    expect(places.recipesAt([url])).toEqual(expected);
  });

  it('are each named once, for however many addresses', () => {
    const urls = [
      'https://git.coopcloud.tech/coop-cloud/keycloak',
      'https://forge.example.org/mirrors/keycloak',
    ];
    expect(places.recipesAt([...urls, ...urls])).toEqual(['keycloak']);
    expect(places.recipesAt([])).toEqual([]);
  });
});

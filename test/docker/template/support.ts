/** A container to render templates about, and a shorthand for doing so. */
import type { EngineInfo } from '../../../src/docker/container-info.ts';
import { parseEngineInfo } from '../../../src/docker/container-info.ts';
import { parseTemplate } from '../../../src/docker/template/template.ts';

export const HOSTNAME = 'docker-host-1';

export function containerInfo(changes: Record<string, unknown> = {}): EngineInfo {
  return parseEngineInfo({
    Config: { tag: 'x' },
    ContainerID: 'a7317399f3f857173c6179d44823594f8294678dea9999662e5c625b5a1c7657',
    ContainerName: '/my-app',
    ContainerArgs: ['sh', '-c', 'echo hi'],
    ContainerCreated: '2024-05-06T07:08:09.123456789Z',
    ContainerEnv: ['FOO=bar', 'NOEQ'],
    ContainerLabels: { tier: 'web', uni: 'café 日本' },
    ...changes,
  });
}

export function render(template: string, changes: Record<string, unknown> = {}): string {
  return parseTemplate(template).execute(containerInfo(changes), HOSTNAME);
}

import test from 'ava';
import { descriptorLimit, warnOfFewDescriptors } from '../../src/cli/descriptors.ts';
import { Log } from '../../src/core/log.ts';

const limits = (soft: string): string => `Limit                     Soft Limit           Hard Limit           Units
Max processes             63514                63514                processes
Max open files            ${soft.padEnd(20)} 524288               files
Max locked memory         67108864             67108864             bytes
`;

test('the soft limit of open files is found', (t) => {
  t.is(descriptorLimit(limits('1024')), 1024);
  t.is(descriptorLimit(limits('unlimited')), undefined);
  t.is(descriptorLimit('something else'), undefined);
});

for (const [limit, said] of [['1024', '"limit":1024,"enough_for_containers":241'], ['65536', undefined], ['unlimited', undefined]] as const) {
  test(`S6: a limit of ${limit} open files is ${said === undefined ? 'fine' : 'said to be low'}`, (t) => {
    const lines: string[] = [];
    warnOfFewDescriptors(new Log({ write: (line) => lines.push(line) > 0 }), limits(limit));
    t.is(lines.length, said === undefined ? 0 : 1);
    t.true(lines.every((line) => line.includes(said ?? '')));
  });
}

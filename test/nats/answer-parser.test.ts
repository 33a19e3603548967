import fc from 'fast-check';
import test from 'ava';
import { AnswerParser } from '../../src/nats/answer-parser.ts';

const INBOX = '_INBOX.abc';

class Heard {
  readonly answers: string[] = [];
  toClient = '';
  readonly parser = new AnswerParser(INBOX, (number, bytes, start, end, status) => {
    this.answers.push(`${number} ${status} ${bytes.toString('latin1', start, end)}`);
  }, (bytes) => {
    this.toClient += bytes.toString('latin1');
  });
}

function heard(...chunks: string[]): Heard {
  const result = new Heard();
  for (const chunk of chunks) result.parser.push(Buffer.from(chunk, 'latin1'));
  return result;
}

test('an answer is its number, its status and its data', (t) => {
  const { answers, toClient } = heard(`MSG ${INBOX}.17 1 9\r\n{"seq":1}\r\nHMSG ${INBOX}.18 1 16 16\r\nNATS/1.0 503\r\n\r\n\r\n`);
  t.deepEqual(answers, ['17 0 {"seq":1}', '18 503 ']);
  t.is(toClient, '');
});

test('everything else goes to the client as it came', (t) => {
  const rest = 'PING\r\nINFO {"a":1}\r\n-ERR \'Permissions Violation\'\r\n+OK\r\nMSG other.1 2 5\r\nMSG _\r\nHMSG _INBOX.ab.1 2 12 15\r\nNATS/1.0\r\n\r\nabc\r\nPONG\r\n';
  t.is(heard(rest).toClient, rest);
  t.deepEqual(heard(rest).answers, []);
});

test('what looks like an answer within the data of another message is data', (t) => {
  const data = `MSG ${INBOX}.1 1 2\r\n{}\r\n`;
  const { answers, toClient } = heard(`MSG other 2 ${data.length}\r\n${data}\r\nPONG\r\n`);
  t.deepEqual(answers, []);
  t.is(toClient, `MSG other 2 ${data.length}\r\n${data}\r\nPONG\r\n`);
});

test('wherever the bytes are cut, the same is heard', (t) => {
  const text = 'PONG\r\n' + `MSG ${INBOX}.1 1 27\r\n{"stream":"LOGS", "seq":1} \r\n` + 'MSG other 2 40\r\n' + 'x'.repeat(40) + '\r\n'
    + `HMSG ${INBOX}.2 1 16 16\r\nNATS/1.0 503\r\n\r\n\r\n` + 'PING\r\n' + `MSG ${INBOX}.3 1 0\r\n\r\n` + 'MSG o 2 0\r\n\r\n' + `MSG ${INBOX}.4 1 2\r\n{}\r\n`;
  const whole = heard(text);
  t.is(whole.answers.length, 4);
  fc.assert(fc.property(fc.array(fc.nat(text.length), { maxLength: 12 }), (places) => {
    const cuts = [0, ...places.sort((a, b) => a - b), text.length];
    const cut = heard(...cuts.slice(1).map((to, i) => text.slice(cuts[i], to)));
    return cut.toClient === whole.toClient && JSON.stringify(cut.answers) === JSON.stringify(whole.answers);
  }), { numRuns: 2000 });
});

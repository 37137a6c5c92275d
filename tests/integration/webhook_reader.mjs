// What a receiver does with an event: its signature is verified, its body read. The libraries come from npm.

import { readFileSync } from 'node:fs';
import { HTTP } from 'cloudevents';
import { Webhook } from 'standardwebhooks';

const { secret, headers, body } = JSON.parse(readFileSync(0, 'utf-8'));
new Webhook(secret).verify(body, headers);
let forged = false;
try {
  new Webhook(secret).verify(`${body} `, headers);
} catch {
  forged = true;
}
const event = HTTP.toEvent({ headers, body });
process.stdout.write(
  JSON.stringify({ valid: event.validate(), type: event.type, subject: event.subject, forged, data: event.data }),
);

// A visitor's whole conversation through the Livechat REST client of @rocket.chat/sdk.
// Usage: node conversation.js <server url> <JSON: username of an agent to the id of the department that is his alone>
// Prints one JSON object.
'use strict';

const ApiLivechat = require('@rocket.chat/sdk/lib/api/Livechat').default;

const host = process.argv[2];
const departments = JSON.parse(process.argv[3]);

/** The refusal that a call must end with. */
async function refusal(call) {
  try {
    await call();
  } catch (error) {
    return error.data || error;
  }
  throw new Error('the call was accepted');
}

async function converse() {
  const api = new ApiLivechat({ host });
  api.logger = { debug() {}, error() {} };
  const token = `sdk-${Date.now()}`;
  const seen = {};

  seen.config = await api.config({});
  seen.granted = await api.grantVisitor({
    visitor: { token, name: 'Sdk Visitor', email: `${token}@example.test`, phone: '+15550100' },
  });
  seen.visitor = (await api.visitor()).visitor;
  seen.nextAgent = await api.nextAgent();
  await api.sendVisitorNavigation({
    token,
    pageInfo: { change: 'url', title: 'Home', location: { href: 'http://shop.example.test/' } },
  });

  seen.room = await api.room();
  const rid = seen.room._id;
  seen.sameRoom = await api.room({ rid });
  seen.agent = await api.agent({ rid });
  seen.status = await api.updateVisitorStatus('away');
  seen.configInChat = await api.config({ token });

  seen.sent = (await api.sendMessage({ rid, msg: 'first' })).message;
  const second = (await api.sendMessage({ rid, msg: 'second' })).message;
  seen.read = await api.message(seen.sent._id, { rid });
  seen.edited = (await api.editMessage(seen.sent._id, { token, rid, msg: 'first, edited' })).message;
  seen.deleted = (await api.deleteMessage(second._id, { rid })).message;
  seen.history = await api.loadMessages(rid, { limit: 50 });

  seen.field = (await api.sendCustomField({ token, key: 'plan', value: 'gold', overwrite: true })).field;
  seen.fields = (
    await api.sendCustomFields({ token, customFields: [{ key: 'orderId', value: '4711', overwrite: true }] })
  ).fields;

  const file = new File(['hello'], 'note.txt', { type: 'text/plain' });
  seen.upload = await api.uploadFile({ rid, file });
  const other = Object.keys(departments).find((username) => username !== seen.room.servedBy.username);
  seen.transferred = (await api.transferChat({ rid, department: departments[other] })).room;
  seen.video = await api.videoCall({ rid });
  seen.transcript = await api.requestTranscript('visitor@example.test', { rid });
  seen.closed = await api.closeChat({ rid });
  seen.refused = await refusal(() => api.sendMessage({ rid, msg: 'late' }));
  seen.survey = await api.chatSurvey({ rid, data: [{ name: 'satisfaction', value: '5' }] });
  seen.offline = await api.sendOfflineMessage({ name: 'V', email: 'visitor@example.test', message: 'call me' });
  seen.removed = await api.deleteVisitor();
  return seen;
}

converse().then(
  (seen) => process.stdout.write(JSON.stringify(seen)),
  (error) => {
    process.stderr.write(`${error.stack || JSON.stringify(error)}\n`);
    process.exitCode = 1;
  },
);

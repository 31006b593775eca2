// Who may do what, in one table: for every RPC the requests that reach for what is the victim's, and what they come to.
//
// ATTEMPTS[route](actor, v) is a list of [term, outcome]; v is the scene of walk.test.mjs. An outcome is
//
//   an error code or the text of the whole reply     refused so, for every role
//   VANISHES                                         no reply and no effect
//   OWN                                              it is about the actor's own things alone: the answer has none of the victim's
//   MAY                                              the role may do it: not tried
//   {stranger, banned, member}                       one of these for each role
//
// Signed-out connections are refused everything, as SIGNED_OUT says, whatever is in the table.

import { atom, tuple } from './bert.mjs';
import { newId } from './device.mjs';
import { p2p, record, textMessage } from './records.mjs';

export const VANISHES = Symbol('vanishes');
export const OWN = Symbol('own');
export const MAY = Symbol('may');
export const ROLES = ['stranger', 'banned', 'member'];

const DENIED = 'permission_denied';
const NEITHER = '{io,{error,contacts_not_found},{error,contacts_not_found}}';
// Refused to all but members of the room; refused to all but its members, of whom it refuses something else.
const members = (code) => ({ stranger: code, banned: code, member: MAY });

const friend = (status) => (by, to) => record('Friend', { phone_id: by.phoneId, friend_id: to.phoneId, status });
const muc = (id) => record('muc', { name: id });
const desc = () => [record('Desc', { id: newId(), mime: 'text', payload: 'from the walk' })];
const listed = (device, status = 'member') => [record('Member', { phone_id: device.phoneId, status })];
const room = (v, status, more = {}) => record('Room', { id: v.room, status, ...more });
const said = (from, to, feed, status = 'client') => record('Message', {
  feed_id: feed, msg_id: newId(), from: from.phoneId, to, files: desc(), status,
});
const feedOf = (one, other) => p2p(one.phoneId, other.phoneId);

// An RPC on the room for admins only.
const admins = (status, more) => (actor, v) => [[room(v, status, more(actor, v)), DENIED]];
// What names the own roster by its number.
const byRoster = (status, code, more = {}) => (actor, v) => [[record('Roster', { id: v.victim.rosterId, status, ...more }), code]];
const byPhone = (status, more = {}) => (actor, v) => [[record('Profile', { phone: v.victim.phone, status, ...more }), 'not_authorized']];
const search = (status) => (actor, v) => [[record('Search', { id: v.victim.rosterId, ref: 'walk', field: 'phone', type: '==',
  value: v.friend.phone, status }), 'not_authorized']];
const wrongState = (type) => (actor, v) => [[record('Auth', { phone: v.victim.phone, client_id: v.victim.clientId, sms_code: '123456',
  type }), 'invalid_data']];
const cdr = (status) => (actor, v) => [
  [record('CDR', { id: newId(), feed: feedOf(v.victim, v.friend), from: v.victim.phoneId, to: v.friend.phoneId, type: 'audio', status }),
    'not_authorized'],
  [record('CDR', { id: newId(), feed: feedOf(v.victim, v.friend), from: actor.phoneId, to: v.friend.phoneId, type: 'audio', status }),
    'invalid_data'],
  [record('CDR', { id: newId(), feed: feedOf(actor, v.victim), from: actor.phoneId, to: v.victim.phoneId, type: 'audio', status }),
    'invalid_data'],
];
// Signals that end a call are for those whose friendship has ended meanwhile, too: then it is the call that is not there.
const ENDINGS = new Set(['busy', 'cancel', 'hangup']);
const call = (status) => (actor, v) => [
  [record('Call', { id: newId(), feed: feedOf(v.victim, v.friend), from: v.victim.phoneId, type: 'audio', payload: 'x', status }), DENIED],
  [record('Call', { id: newId(), feed: feedOf(v.victim, v.friend), from: actor.phoneId, type: 'audio', payload: 'x', status }),
    'invalid_data'],
  [record('Call', { id: newId(), feed: feedOf(actor, v.victim), from: actor.phoneId, type: 'audio', payload: 'x', status }),
    ENDINGS.has(status) ? 'invalid_data' : DENIED],
];
// As the victim, and to the victim with what comes of it.
const befriending = (status, outcome) => (actor, v) => [
  [friend(status)(v.victim, v.friend), 'not_authorized'],
  [friend(status)(v.victim, actor), 'not_authorized'],
  [friend(status)(actor, v.victim), outcome],
];
const sending = (status) => (actor, v) => [
  [said(v.victim, v.friend.phoneId, feedOf(v.victim, v.friend), status), DENIED],
  [said(actor, v.friend.phoneId, feedOf(v.victim, v.friend), status), 'invalid_data'],
  [said(actor, v.victim.phoneId, feedOf(actor, v.victim), status), DENIED],
  [said(v.victim, v.room, muc(v.room), status), DENIED],
  [said(actor, v.room, muc(v.room), status), members(DENIED)],
];
const reading = (status) => (actor, v) => [
  [record('History', { roster_id: v.victim.phoneId, feed: feedOf(v.victim, v.friend), size: -10, status }), 'invalid_data'],
  [record('History', { roster_id: actor.phoneId, feed: feedOf(v.victim, v.friend), size: -10, status }), 'invalid_data'],
  [record('History', { roster_id: v.victim.phoneId, feed: muc(v.room), size: -10, status }), 'invalid_data'],
  [record('History', { roster_id: actor.phoneId, feed: muc(v.room), size: -10, status }), members('invalid_data')],
];

export const ATTEMPTS = {
  'init/': (actor, v) => [[tuple(atom('init'), v.victim.token), OWN]],
  'Auth/reg': wrongState('reg'),
  'Auth/voice': wrongState('voice'),
  'Auth/resend': wrongState('resend'),
  'Auth/verify': wrongState('verify'),
  'Auth/login': (actor, v) => [
    [record('Auth', { client_id: v.victim.clientId, phone: v.victim.phone, token: v.victim.token, type: 'login' }), 'mismatch_user_data'],
    [record('Auth', { token: v.victim.token, type: 'login' }), 'mismatch_user_data'],
  ],
  'Auth/logout': (actor, v) => [[record('Auth', { client_id: v.victim.clientId, type: 'logout' }), 'session_not_found']],
  'Auth/push': (actor, v) => [[record('Auth', { client_id: v.victim.clientId, push: 'p', os: 'ios', type: 'push' }), 'mismatch_user_data']],
  'Auth/list': () => [[record('Auth', { type: 'list' }), OWN]],

  'Person/get': (actor, v) => [[record('Person', { id: v.victim.phone, status: 'get' }), 'not_authorized'],
    [record('Person', { id: v.victim.phoneId, status: 'get' }), 'not_authorized']],
  'Person/set': (actor, v) => [[record('Person', { id: v.victim.phone, names: 'Mallory', status: 'set' }), 'not_authorized']],
  'Profile/get': byPhone('get'),
  'Profile/update': byPhone('update'),
  'Profile/set': byPhone('set', { settings: [record('Feature', { id: '1', key: 'SEARCH', value: 'none' })] }),
  'Profile/link': byPhone('link', { services: [record('Service', { type: 'email', login: 'mallory@example.org' })] }),
  'Profile/email': byPhone('email', { services: [record('Service', { type: 'email', login: 'mallory@example.org', password: '1' })] }),
  'Profile/aws': byPhone('aws'),
  'Profile/remove': byPhone('remove'),
  'Profile/migrate': (actor, v) => [[record('Profile', { phone: v.victim.phone, status: 'migrate' }), 'invalid_data']],
  'Profile/phone': (actor, v) => [[record('Profile', { phone: v.victim.phone, status: 'phone',
    services: [record('Service', { type: 'phone', login: v.victim.phone, password: '123456' })] }), 'not_authorized']],

  'Roster/get': byRoster('get', 'roster_not_found'),
  'Roster/update': (actor, v) => [[record('Roster', { id: v.victim.rosterId, names: 'Mallory', status: 'update' }), 'roster_not_found'],
    [record('Roster', { id: v.victim.rosterId, names: 'Mallory', phone: v.victim.phone, status: 'update' }), 'not_authorized']],
  'Roster/patch': byRoster('patch', 'not_found', { names: 'Mallory' }),
  'Roster/nick': byRoster('nick', 'not_found', { nick: 'mallory' }),
  'Roster/create': (actor, v) => [[record('Roster', { id: v.victim.rosterId, phone: v.victim.phone, names: 'Mallory', status: 'create' }), OWN]],
  'Roster/list': () => [[record('Roster', { status: 'list' }), OWN]],
  'Roster/add': (actor, v) => [[record('Roster', { id: v.victim.rosterId, userlist: [record('Contact', { phone_id: actor.phoneId })],
    status: 'add' }), 'roster_not_found']],
  'Roster/del': (actor, v) => [[record('Roster', { id: v.victim.rosterId, userlist: [record('Contact', { phone_id: v.friend.phoneId })],
    status: 'del' }), 'roster_not_found']],
  'Roster/remove': byRoster('remove', 'roster_not_found'),

  // Anybody but a banned one may ask, and ban whom they know of.
  'Friend/request': befriending('request', { stranger: MAY, banned: DENIED, member: MAY }),
  'Friend/confirm': befriending('confirm', NEITHER),
  'Friend/revoke': befriending('revoke', 'contact_not_found'),
  'Friend/ban': befriending('ban', { stranger: NEITHER, banned: MAY, member: NEITHER }),
  'Friend/unban': befriending('unban', DENIED),
  'Friend/mute': befriending('mute', 'contact_not_found'),
  'Friend/unmute': befriending('unmute', 'contact_not_found'),

  'Search/contact': search('contact'),
  'Search/profile': search('profile'),
  'Search/roster': search('roster'),
  'Search/member': search('member'),
  'Search/room': search('room'),
  'Tag/create': (actor, v) => [[record('Tag', { roster_id: v.victim.phoneId, name: 'mallory', status: 'create' }), 'not_authorized']],
  'Tag/edit': (actor, v) => [[record('Tag', { id: v.tag, name: 'mallory', status: 'edit' }), 'not_found'],
    [record('Tag', { id: v.tag, roster_id: v.victim.phoneId, name: 'mallory', status: 'edit' }), 'not_authorized']],
  'Tag/remove': (actor, v) => [[record('Tag', { id: v.tag, status: 'remove' }), 'not_found'],
    [record('Tag', { id: v.tag, roster_id: v.victim.phoneId, status: 'remove' }), 'not_authorized']],
  'Star/add': (actor, v) => [[record('Star', { roster_id: v.victim.phoneId, message: record('Message', { id: v.message }), status: 'add' }),
    'not_authorized'],
  [record('Star', { roster_id: actor.phoneId, message: record('Message', { id: v.message }), status: 'add' }), 'invalid_data']],
  'Star/remove': (actor, v) => [[record('Star', { roster_id: v.victim.phoneId, message: record('Message', { id: v.message }),
    status: 'remove' }), 'not_authorized'],
  [record('Star', { roster_id: actor.phoneId, message: record('Message', { id: v.message }), status: 'remove' }), 'not_found']],
  'Loc/': () => [[record('Loc', { x: 1, y: 2, z: 3 }), OWN]],

  'Message/client': sending('client'),
  'Message/upload': sending('upload'),
  'Message/complete': (actor, v) => [[record('Message', { id: v.upload, files: desc(), status: 'complete' }), DENIED],
    [record('Message', { id: v.upload, from: v.victim.phoneId, files: desc(), status: 'complete' }), DENIED]],
  'Message/edit': (actor, v) => [v.message, v.roomMessage].flatMap((id) => [
    [record('Message', { id, files: desc(), status: 'edit' }), DENIED],
    [record('Message', { id, from: v.victim.phoneId, files: desc(), status: 'edit' }), DENIED],
    [record('Message', { id, files: [], seenby: -1, status: 'edit' }), DENIED],
    [record('Message', { id, files: [], seenby: 1, status: 'edit' }), id === v.message ? DENIED : members(DENIED)],
  ]),
  'History/get': reading('get'),
  'History/update': reading('update'),
  'Cursor/': (actor, v) => [[record('Cursor', { feed: feedOf(v.victim, v.friend), side: 1, position: 0 }), 'invalid_data'],
    [record('Cursor', { feed: muc(v.room), side: v.victim.rosterId, position: 0 }), members('invalid_data')]],
  'Typing/': (actor, v) => [[record('Typing', { author: v.victim.phoneId, room: v.friend.phoneId }), VANISHES],
    [record('Typing', { author: actor.phoneId, room: v.victim.phoneId }), VANISHES],
    [record('Typing', { author: v.victim.phoneId, room: v.room }), VANISHES],
    [record('Typing', { author: actor.phoneId, room: v.room }), { stranger: VANISHES, banned: VANISHES, member: MAY }]],

  'Room/create': (actor, v) => [[room(v, 'create', { name: 'Mine' }), 'invalid_data'],
    [record('Room', { id: newId(), name: 'Mine', members: listed(v.victim), status: 'create' }), DENIED]],
  'Room/get': (actor, v) => [[room(v, 'get'), members(DENIED)]],
  'Room/patch': admins('patch', () => ({ name: 'Mine', tos: 'mine' })),
  'Room/add': (actor, v) => [[room(v, 'add', { members: listed(actor) }), DENIED], [room(v, 'add', { admins: listed(actor, 'admin') }), DENIED]],
  'Room/join': (actor, v) => [[room(v, 'join'), DENIED], [room(v, 'join', { members: listed(actor) }), DENIED]],
  'Room/remove': admins('remove', (actor, v) => ({ members: listed(v.victim) })),
  'Room/leave': (actor, v) => [[room(v, 'leave'), members(DENIED)], [room(v, 'leave', { members: listed(v.victim) }), DENIED]],
  'Room/ban': admins('ban', (actor, v) => ({ members: listed(v.friend) })),
  'Room/unban': admins('unban', (actor) => ({ members: listed(actor) })),
  'Room/mute': (actor, v) => [[room(v, 'mute'), members(DENIED)], [room(v, 'mute', { members: listed(v.friend) }), DENIED]],
  'Room/unmute': (actor, v) => [[room(v, 'unmute'), members(DENIED)], [room(v, 'unmute', { members: listed(v.friend) }), DENIED]],
  'Room/delete': admins('delete', () => ({})),
  'Member/patch': (actor, v) => [[record('Member', { id: v.membership, alias: 'Mallory', status: 'patch' }), DENIED],
    [record('Member', { feed_id: muc(v.room), alias: 'Mallory', status: 'patch' }), members(DENIED)]],

  'ftp/': (actor, v) => [[tuple(atom('ftp'), v.file, v.victim.token, 'mine.txt', actor.clientId, 5, 0, 1, '', Buffer.from('init')), OWN],
    [tuple(atom('ftp'), v.file, 'f'.repeat(64), 'mine.txt', actor.clientId, 5, 0, 5, 'hello', Buffer.from('send')), OWN]],
  ...Object.fromEntries(['ended', 'missed', 'declined', 'busy', 'failed'].map((status) => [`CDR/${status}`, cdr(status)])),
  'CDR/get': () => [[record('CDR', { status: 'get' }), OWN]],
  ...Object.fromEntries(['offer', 'ringing', 'answer', 'candidate', 'busy', 'cancel', 'hangup'].map((status) => [`Call/${status}`, call(status)])),
  'Call/turn': (actor, v) => [[record('Call', { id: newId(), feed: feedOf(v.victim, v.friend), from: v.victim.phoneId, type: 'audio',
    status: 'turn' }), DENIED],
  [record('Call', { id: newId(), feed: [], from: [], type: 'audio', status: 'turn' }), OWN]],
};

// What connections that are not signed in may do all the same.
export const SIGNED_OUT = {
  registering: new Set(['init/', 'Auth/reg', 'Auth/voice', 'Auth/resend', 'Auth/verify', 'Auth/login']),
  anonymous: new Set(['init/']),
};

// A message of `from` in p2p.
export const toFriend = (from, to, text) => textMessage(from.phoneId, to.phoneId, newId(), text);

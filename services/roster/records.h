// What rosters and contacts look like to clients (PROTOCOL 3.6, 3.7, 5.9). Pure.
#pragma once

#include "chat/v1/messaging.pb.h"
#include "chat/v1/records.pb.h"
#include "services/roster/favourite_store.h"
#include "services/roster/roster_store.h"

namespace chat::roster {

// How the receiver of a Contact stands to the roster that it describes.
struct Seen {
  Side side;              // the receiver's entry
  bool barred = false;    // a ban stands between them: no presence
  bool online = false;    // the described account has a live connection
  int64_t update_ms = 0;  // of the entry
};

// The Contact without reader, unread and last message. The email is shown to friends only.
v1::Contact ContactRecord(const RosterRow& described, const Seen& seen, v1::Contact::Status status);

// What everybody may see of a roster: for `ac/:phone_id` and `muc/:phone_id`.
v1::Contact PublicContact(const RosterRow& described, bool online);

// What a Search shows: the public Contact with the searching roster's `state` as status; presence
// and email only to friends (PROTOCOL O17).
v1::Contact FoundContact(const RosterRow& described, State state, bool online);

// The roster as its owner sees it, without lists.
v1::Roster RosterHeader(const RosterRow& row, v1::Roster::Status status);

v1::Tag TagRecord(const TagRow& tag, v1::Tag::Status status);
// `message` as the roster reads it, or with its id alone where it no longer may.
v1::Star StarRecord(const RosterRow& roster, const StarRow& star, v1::Message message,
                    v1::Star::Status status);

// A durable broadcast to `ses/` of one account.
v1::Change ToDevices(AccountId account, v1::Record record);
// One that also says that the account's rosters or phone ids are others than before: the roster
// under `status`.
v1::Change RostersChanged(const RosterRow& row, v1::Roster::Status status);

// The roster as messaging keeps it.
v1::Change Projection(const RosterRow& row);

}  // namespace chat::roster

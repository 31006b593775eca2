#include "services/roster/records.h"

#include <algorithm>
#include <utility>

namespace chat::roster {
namespace {

v1::Feature MuteFeature(const PhoneId& peer) {
  v1::Feature feature;
  feature.set_id(peer.text() + "_MUTE");
  feature.set_key("MUTE");
  feature.set_value("true");
  feature.set_group("CONTACT_SETTINGS");
  return feature;
}

}  // namespace

v1::Contact PublicContact(const RosterRow& described, bool online) {
  v1::Contact contact;
  contact.set_phone_id(described.phone_id().text());
  if (described.avatar) contact.set_avatar(*described.avatar);
  if (described.names) contact.set_names(*described.names);
  if (described.surnames) contact.set_surnames(*described.surnames);
  if (described.nick) contact.set_nick(*described.nick);
  contact.set_update(described.update_ms);
  contact.set_presence(online ? v1::ONLINE : v1::OFFLINE);
  return contact;
}

v1::Contact ContactRecord(const RosterRow& described, const Seen& seen,
                          v1::Contact::Status status) {
  v1::Contact contact = PublicContact(described, seen.online && !seen.barred);
  // Whoever is only in the phone book was not asked whether they want to be watched.
  if (seen.side.state == State::kInternal) contact.clear_presence();
  if (seen.side.state == State::kFriend && described.email) contact.set_email(*described.email);
  contact.set_update(std::max(described.update_ms, seen.update_ms));
  if (seen.side.muted) *contact.add_settings() = MuteFeature(described.phone_id());
  if (status != v1::Contact::STATUS_UNSET) contact.set_status(status);
  return contact;
}

v1::Contact FoundContact(const RosterRow& described, State state, bool online) {
  v1::Contact contact = PublicContact(described, online);
  if (state != State::kFriend) contact.clear_presence();
  if (state == State::kFriend && described.email) contact.set_email(*described.email);
  if (state != State::kNone) contact.set_status(StateStatus(state));
  return contact;
}

v1::Roster RosterHeader(const RosterRow& row, v1::Roster::Status status) {
  v1::Roster roster;
  roster.set_id(row.id.value);
  if (row.names) roster.set_names(*row.names);
  if (row.surnames) roster.set_surnames(*row.surnames);
  if (row.email) roster.set_email(*row.email);
  if (row.nick) roster.set_nick(*row.nick);
  if (row.avatar) roster.set_avatar(*row.avatar);
  roster.set_phone(row.phone);
  roster.set_update(row.update_ms);
  if (status != v1::Roster::STATUS_UNSET) roster.set_status(status);
  return roster;
}

v1::Tag TagRecord(const TagRow& tag, v1::Tag::Status status) {
  v1::Tag record;
  record.set_id(tag.id);
  record.set_roster_id(tag.roster.phone_id().text());
  record.set_name(tag.name);
  if (tag.color) record.set_color(*tag.color);
  if (status != v1::Tag::STATUS_UNSET) record.set_status(status);
  return record;
}

v1::Star StarRecord(const RosterRow& roster, const StarRow& star, v1::Message message,
                    v1::Star::Status status) {
  v1::Star record;
  record.set_roster_id(roster.phone_id().text());
  *record.mutable_message() = std::move(message);
  record.mutable_message()->set_id(star.message_id);
  for (int64_t tag : star.tags) record.add_tags(tag);
  if (status != v1::Star::STATUS_UNSET) record.set_status(status);
  return record;
}

v1::Change ToDevices(AccountId account, v1::Record record) {
  v1::Change change;
  change.mutable_notice()->set_account_id(account.value);
  *change.mutable_notice()->mutable_record() = std::move(record);
  return change;
}

v1::Change RostersChanged(const RosterRow& row, v1::Roster::Status status) {
  v1::Record record;
  *record.mutable_roster() = RosterHeader(row, status);
  v1::Change change = ToDevices(row.account, std::move(record));
  change.mutable_notice()->set_rosters_changed(true);
  return change;
}

v1::Change Projection(const RosterRow& row) {
  v1::Change change;
  change.mutable_roster()->set_roster_id(row.id.value);
  change.mutable_roster()->set_account_id(row.account.value);
  change.mutable_roster()->set_phone_id(row.phone_id().text());
  return change;
}

}  // namespace chat::roster

#include "services/room/room_records.h"

#include <utility>

namespace chat::room {
namespace {

v1::Feature MuteFeature(const std::string& name_id) {
  v1::Feature feature;
  feature.set_id(MuteId(name_id));
  feature.set_key("MUTE");
  feature.set_value("true");
  feature.set_group("ROOM_SETTINGS");
  return feature;
}

void Bare(google::protobuf::RepeatedPtrField<v1::Member>* members) {
  for (v1::Member& member : *members) {
    v1::Member bare;
    if (member.has_id()) bare.set_id(member.id());
    if (member.has_muc()) *bare.mutable_muc() = member.muc();
    if (member.has_phone_id()) bare.set_phone_id(member.phone_id());
    if (member.has_status()) bare.set_status(member.status());
    member = std::move(bare);
  }
}

}  // namespace

std::string MuteId(const std::string& name_id) { return name_id + "_MUTE"; }

v1::Room RoomMention(const std::string& name_id, v1::Room::Status status) {
  v1::Room room;
  room.set_id(name_id);
  if (status != v1::Room::STATUS_UNSET) room.set_status(status);
  return room;
}

v1::Room RoomHeader(const RoomRow& row, v1::Room::Status status) {
  v1::Room room = row.content;
  room.set_id(row.name_id);
  room.set_name(row.name);
  room.set_type(row.channel ? v1::Room::CHANNEL : v1::Room::GROUP);
  room.set_update(row.update_ms);
  room.set_created(row.created_ms);
  if (status != v1::Room::STATUS_UNSET) room.set_status(status);
  return room;
}

v1::Member MemberRecord(const std::string& name_id, const MemberRow& row,
                        const v1::RosterPerson& person, Eyes eyes) {
  v1::Member member = row.own;
  member.set_id(row.id.value);
  member.mutable_muc()->set_name(name_id);
  if (row.prev) member.set_prev(row.prev.value);
  if (row.next) member.set_next(row.next.value);
  if (!person.phone_id().empty()) member.set_phone_id(person.phone_id());
  if (!member.has_avatar() && !person.avatar().empty()) member.set_avatar(person.avatar());
  if (!member.has_names() && !person.names().empty()) member.set_names(person.names());
  if (!member.has_surnames() && !person.surnames().empty()) member.set_surnames(person.surnames());
  if (eyes == Eyes::kOthers) {
    member.clear_settings();
  } else if (row.muted) {
    *member.add_settings() = MuteFeature(name_id);
  }
  member.set_update(row.update_ms);
  member.set_presence(person.online() ? v1::ONLINE : v1::OFFLINE);
  member.set_status(row.admin ? v1::Member::ADMIN : v1::Member::MEMBER);
  return member;
}

v1::Member RemovedRecord(const std::string& name_id, const MemberRow& row,
                         const v1::RosterPerson& person) {
  v1::Member member = MemberRecord(name_id, row, person, Eyes::kOthers);
  member.set_status(v1::Member::REMOVED);
  return member;
}

void Bound(size_t bytes, v1::Room* room) {
  if (room->ByteSizeLong() <= bytes) return;
  Bare(room->mutable_members());
  Bare(room->mutable_admins());
  if (room->ByteSizeLong() <= bytes) return;
  room->clear_settings();
  room->clear_data();
  room->clear_last_msg();
}

}  // namespace chat::room

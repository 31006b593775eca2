// What rooms and members look like to clients (PROTOCOL 3.11). Pure.
#pragma once

#include <string>

#include "chat/v1/records.pb.h"
#include "chat/v1/roster.pb.h"
#include "services/room/room_store.h"

namespace chat::room {

// The room without lists of people, unread and last message.
v1::Room RoomHeader(const RoomRow& room, v1::Room::Status status);

// Only id and status: what a broadcast says of a room that is known.
v1::Room RoomMention(const std::string& name_id, v1::Room::Status status);

// The id of the Feature `MUTE`, which shows a member's own mute.
std::string MuteId(const std::string& name_id);

// Names and avatar are the roster's unless the member wrote others for this room. The settings,
// with the MUTE Feature, are the member's own matter: `mine` shows them.
enum class Eyes { kOthers, kMine };
v1::Member MemberRecord(const std::string& name_id, const MemberRow& row,
                        const v1::RosterPerson& person, Eyes eyes);

// As MemberRecord, with status `removed`.
v1::Member RemovedRecord(const std::string& name_id, const MemberRow& row,
                         const v1::RosterPerson& person);

// A Room that would take more than `bytes` shows of its Members only id, room, phone id and status;
// if that is too much as well, it loses settings, data and last message.
void Bound(size_t bytes, v1::Room* room);
constexpr size_t kRecordBytes = 768 << 10;  // under the packet limit of 1 MiB, over room_bytes

}  // namespace chat::room

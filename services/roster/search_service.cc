#include "services/roster/search_service.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/status.h"
#include "libs/rpc/refusal.h"
#include "services/roster/records.h"

namespace chat::roster {
namespace {

prometheus::Counter& Limited(const char* limit) {
  return metrics::Counter("chat_roster_limited_total", "Requests refused by a limit.",
                          {{"limit", limit}});
}

// Only friends are shown online, so only they are asked for. One answer per row.
std::vector<bool> FriendsOnline(Presence& presence, const std::vector<FoundRow>& found) {
  std::vector<AccountId> friends;
  for (const FoundRow& row : found) {
    if (row.side.state == State::kFriend) friends.push_back(row.roster.account);
  }
  const std::vector<bool> online = presence.Online(friends);
  std::vector<bool> all;
  size_t next = 0;
  for (const FoundRow& row : found) {
    all.push_back(row.side.state == State::kFriend && online[next++]);
  }
  return all;
}

// {io,{ok,Ref},Roster}: the Roster.
v1::Roster& AnswerIn(RosterId searching, v1::Roster::Status status, const v1::Search& request,
                     v1::Reply& reply) {
  v1::Io& io = *reply.add_records()->mutable_io();
  io.mutable_ok();
  if (request.has_ref()) io.mutable_ok()->set_text(request.ref());
  io.mutable_roster()->set_id(searching.value);
  io.mutable_roster()->set_status(status);
  return *io.mutable_roster();
}

}  // namespace

SearchService::SearchService(RosterStore& store, Directory& directory, Presence& presence,
                             Rooms& rooms, SearchLimits limits)
    : store_(store),
      directory_(directory),
      presence_(presence),
      rooms_(rooms),
      limits_(limits),
      too_many_requests_(Limited("search_requests_per_day")),
      too_many_values_(Limited("search_values_per_day")) {}

absl::StatusOr<RosterId> SearchService::Searching(const rpc::Call& call,
                                                  const v1::Search& request) {
  CHAT_ASSIGN_OR_RETURN(const std::vector<RosterRow> own,
                        store_.RostersOf(call.deadline, {call.caller.account_id()}));
  if (own.empty()) {
    CHAT_ASSIGN_OR_RETURN(const bool there,
                          store_.HasAccount(call.deadline, {call.caller.account_id()}));
    if (!there) return rpc::Refuse(v1::PROFILE_NOT_FOUND, "Search: the caller's account is gone");
    if (!request.has_id()) return rpc::Refuse(v1::ROSTER_NOT_FOUND, "Search: there is no roster");
  }
  if (!request.has_id()) return own.front().id;
  for (const RosterRow& row : own) {
    if (row.id.value == request.id()) return row.id;
  }
  CHAT_ASSIGN_OR_RETURN(const std::optional<RosterRow> foreign,
                        store_.Find(call.deadline, {request.id()}));
  if (foreign) return rpc::Refuse(v1::NOT_AUTHORIZED, "Search.id: not the caller's");
  return rpc::Refuse(v1::ROSTER_NOT_FOUND, "Search.id: there is no such roster");
}

absl::Status SearchService::CheckLimits(const rpc::Call& call, int64_t values) {
  CHAT_ASSIGN_OR_RETURN(
      const SearchCount count,
      directory_.Count(call.deadline, {call.caller.account_id()}, values, limits_));
  switch (count) {
    case SearchCount::kWithin:
      return absl::OkStatus();
    case SearchCount::kTooManyRequests:
      too_many_requests_.Increment();
      return absl::ResourceExhaustedError("Search.status: too many requests today");
    case SearchCount::kTooManyValues:
      too_many_values_.Increment();
      return absl::ResourceExhaustedError("Search.value: too many values today");
  }
  return absl::InternalError("Search: a count that is none");
}

absl::Status SearchService::Handle(const rpc::Call& call, v1::Roster::Status status,
                                   const v1::Search& request, v1::Reply* reply) {
  CHAT_ASSIGN_OR_RETURN(const RosterId searching, Searching(call, request));
  CHAT_ASSIGN_OR_RETURN(const SearchQuery query, ParseSearch(request));
  CHAT_RETURN_IF_ERROR(CheckLimits(call, query.given));
  CHAT_ASSIGN_OR_RETURN(
      const std::vector<FoundRow> found,
      directory_.Find(call.deadline, {call.caller.account_id()}, searching, query));
  const std::vector<bool> online = FriendsOnline(presence_, found);
  v1::Roster& answer = AnswerIn(searching, status, request, *reply);
  for (size_t i = 0; i < found.size(); ++i) {
    *answer.add_userlist() = FoundContact(found[i].roster, found[i].side.state, online[i]);
  }
  return absl::OkStatus();
}

absl::Status SearchService::HandleRoom(const rpc::Call& call, const v1::Search& request,
                                       v1::Reply* reply) {
  CHAT_ASSIGN_OR_RETURN(const RosterId searching, Searching(call, request));
  CHAT_ASSIGN_OR_RETURN(const RoomSearch search, ParseRoomSearch(request, searching));
  CHAT_RETURN_IF_ERROR(CheckLimits(call, search.given));
  std::map<std::string, v1::Room> found;
  for (const v1::FindRoomsRequest& find : search.finds) {
    CHAT_ASSIGN_OR_RETURN(std::vector<v1::Room> rooms, rooms_.Find(call, find));
    for (v1::Room& room : rooms) found.try_emplace(room.id(), std::move(room));
    if (found.size() >= Directory::kMaxFound) break;
  }
  v1::Roster& answer = AnswerIn(searching, v1::Roster::ROOM, request, *reply);
  for (auto& [id, room] : found) {
    if (answer.roomlist_size() < Directory::kMaxFound) *answer.add_roomlist() = std::move(room);
  }
  return absl::OkStatus();
}

grpc::Status SearchService::Serve(grpc::ServerContext* context, const char* method,
                                  v1::Roster::Status status, const v1::Search& request,
                                  v1::Reply* reply) {
  return rpc::Serve(context, method,
                    [&](const rpc::Call& call) { return Handle(call, status, request, reply); });
}

grpc::Status SearchService::Contact(grpc::ServerContext* context, const v1::Search* request,
                                    v1::Reply* reply) {
  return Serve(context, "SearchService/Contact", v1::Roster::CONTACT, *request, reply);
}
grpc::Status SearchService::Profile(grpc::ServerContext* context, const v1::Search* request,
                                    v1::Reply* reply) {
  return Serve(context, "SearchService/Profile", v1::Roster::PROFILE, *request, reply);
}
grpc::Status SearchService::Roster(grpc::ServerContext* context, const v1::Search* request,
                                   v1::Reply* reply) {
  return Serve(context, "SearchService/Roster", v1::Roster::ROSTER, *request, reply);
}
grpc::Status SearchService::Member(grpc::ServerContext* context, const v1::Search* request,
                                   v1::Reply* reply) {
  return Serve(context, "SearchService/Member", v1::Roster::MEMBER, *request, reply);
}
grpc::Status SearchService::Room(grpc::ServerContext* context, const v1::Search* request,
                                 v1::Reply* reply) {
  return rpc::Serve(context, "SearchService/Room",
                    [&](const rpc::Call& call) { return HandleRoom(call, *request, reply); });
}

}  // namespace chat::roster

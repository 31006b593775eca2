#include "services/roster/favourite_service.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "libs/base/status.h"
#include "libs/rpc/refusal.h"
#include "services/roster/records.h"

namespace chat::roster {
namespace {

FavouriteStore::TagNotice TellTag(v1::Tag::Status status) {
  return [status](const TagRow& tag) {
    v1::Record record;
    *record.mutable_tag() = TagRecord(tag, status);
    return ToDevices(tag.roster.account, std::move(record));
  };
}

v1::Change TellStar(const RosterRow& roster, const StarRow& star, v1::Message message,
                    v1::Star::Status status) {
  v1::Record record;
  *record.mutable_star() = StarRecord(roster, star, std::move(message), status);
  return ToDevices(roster.account, std::move(record));
}

// Each once, in the order given.
std::vector<int64_t> TagsOf(const v1::Star& request) {
  std::vector<int64_t> tags;
  for (int64_t tag : request.tags()) {
    if (std::find(tags.begin(), tags.end(), tag) == tags.end()) tags.push_back(tag);
  }
  return tags;
}

absl::Status NotFound(const absl::Status& status, const char* why) {
  return absl::IsNotFound(status) ? rpc::Refuse(v1::NOT_FOUND, why) : status;
}

}  // namespace

absl::StatusOr<RosterRow> OwnRosters::Named(const rpc::Call& call, const std::string& phone_id) {
  CHAT_ASSIGN_OR_RETURN(const std::vector<RosterRow> rosters,
                        store_.RostersOf(call.deadline, {call.caller.account_id()}));
  for (const RosterRow& row : rosters) {
    if (phone_id.empty() || row.phone_id().text() == phone_id) return row;
  }
  return rpc::Refuse(v1::NOT_AUTHORIZED, "roster_id: not the caller's");
}

absl::Status OwnRosters::Deliver(const rpc::Call& call) {
  return store_.DeliverAccount(call.deadline, {call.caller.account_id()});
}

absl::StatusOr<TagKey> TagService::Key(const rpc::Call& call, const v1::Tag& request) {
  TagKey key{request.id(), {}, request.name()};
  if (request.has_id() && !request.has_roster_id()) return key;
  CHAT_ASSIGN_OR_RETURN(const RosterRow roster, own_.Named(call, request.roster_id()));
  key.roster = roster.id;
  return key;
}

grpc::Status TagService::Create(grpc::ServerContext* context, const v1::Tag* request, v1::Reply*) {
  return rpc::Serve(context, "TagService/Create", [&](const rpc::Call& call) -> absl::Status {
    CHAT_ASSIGN_OR_RETURN(const RosterRow roster, own_.Named(call, request->roster_id()));
    if (request->name().empty()) return rpc::Refuse(v1::INVALID_DATA, "Tag.name: empty");
    TagRow tag{0, roster, request->name(), std::nullopt};
    if (!request->color().empty()) tag.color = request->color();
    const absl::Status made = favourites_.CreateTag(call.deadline, tag, TellTag(v1::Tag::CREATE));
    if (absl::IsResourceExhausted(made)) {
      return rpc::Refuse(v1::PERMISSION_DENIED, "Tag: the roster has as many as it may");
    }
    CHAT_RETURN_IF_ERROR(made);
    return own_.Deliver(call);
  });
}

grpc::Status TagService::Edit(grpc::ServerContext* context, const v1::Tag* request, v1::Reply*) {
  return rpc::Serve(context, "TagService/Edit", [&](const rpc::Call& call) -> absl::Status {
    CHAT_ASSIGN_OR_RETURN(const TagKey key, Key(call, *request));
    std::optional<std::string> name, color;
    if (request->has_name()) name = request->name();
    if (request->has_color()) color = request->color();
    if (name == "") return rpc::Refuse(v1::INVALID_DATA, "Tag.name: empty");
    const absl::Status written = favourites_.EditTag(call.deadline, {call.caller.account_id()}, key,
                                                     name, color, TellTag(v1::Tag::EDIT));
    if (absl::IsAlreadyExists(written)) {
      return rpc::Refuse(v1::INVALID_DATA, "Tag.name: of another tag");
    }
    CHAT_RETURN_IF_ERROR(NotFound(written, "Tag.id: no such tag"));
    return own_.Deliver(call);
  });
}

grpc::Status TagService::Remove(grpc::ServerContext* context, const v1::Tag* request, v1::Reply*) {
  return rpc::Serve(context, "TagService/Remove", [&](const rpc::Call& call) -> absl::Status {
    CHAT_ASSIGN_OR_RETURN(const TagKey key, Key(call, *request));
    CHAT_RETURN_IF_ERROR(NotFound(favourites_.RemoveTag(call.deadline, {call.caller.account_id()},
                                                        key, TellTag(v1::Tag::REMOVE)),
                                  "Tag.id: no such tag"));
    return own_.Deliver(call);
  });
}

grpc::Status StarService::Add(grpc::ServerContext* context, const v1::Star* request, v1::Reply*) {
  return rpc::Serve(context, "StarService/Add", [&](const rpc::Call& call) -> absl::Status {
    CHAT_ASSIGN_OR_RETURN(const RosterRow roster, own_.Named(call, request->roster_id()));
    const StarRow star{request->message().id(), TagsOf(*request)};
    CHAT_ASSIGN_OR_RETURN(std::optional<v1::Message> message,
                          feeds_.Read(call, roster.id, star.message_id));
    if (!message) return rpc::Refuse(v1::INVALID_DATA, "Star.message: not readable");
    const absl::Status put = favourites_.PutStar(
        call.deadline, roster, star, TellStar(roster, star, *std::move(message), v1::Star::ADD));
    if (absl::IsInvalidArgument(put)) return rpc::Refuse(v1::INVALID_DATA, "Star.tags: unknown");
    if (absl::IsResourceExhausted(put)) {
      return rpc::Refuse(v1::PERMISSION_DENIED, "Star: the roster has as many as it may");
    }
    CHAT_RETURN_IF_ERROR(put);
    return own_.Deliver(call);
  });
}

grpc::Status StarService::Remove(grpc::ServerContext* context, const v1::Star* request,
                                 v1::Reply*) {
  return rpc::Serve(context, "StarService/Remove", [&](const rpc::Call& call) -> absl::Status {
    CHAT_ASSIGN_OR_RETURN(const RosterRow roster, own_.Named(call, request->roster_id()));
    const int64_t id = request->message().id();
    // Asked before the change: no lock outlives a wait for messaging.
    CHAT_ASSIGN_OR_RETURN(const std::optional<v1::Message> read, feeds_.Read(call, roster.id, id));
    v1::Message message = read.value_or(v1::Message());
    message.set_id(id);
    const auto notice = [&](const StarRow& star) {
      return TellStar(roster, star, message, v1::Star::REMOVE);
    };
    CHAT_RETURN_IF_ERROR(NotFound(favourites_.RemoveStar(call.deadline, roster, id, notice),
                                  "Star.message: not starred"));
    return own_.Deliver(call);
  });
}

}  // namespace chat::roster

#include "services/messaging/edit_rules.h"

#include <optional>
#include <utility>

#include "libs/base/status.h"
#include "libs/rpc/refusal.h"
#include "services/messaging/render.h"
#include "services/messaging/send_rules.h"

namespace chat::messaging {

namespace {

constexpr int64_t kForAll = -1;  // Message.seenby

absl::Status Invalid(std::string_view why) { return rpc::Refuse(v1::INVALID_DATA, why); }
absl::Status Denied(std::string_view why) { return rpc::Refuse(v1::PERMISSION_DENIED, why); }

// The caller's half of the feed; the author's, if both are its own.
std::optional<v1::OwnRoster> HalfOf(const v1::Caller& caller, const v1::Message& request,
                                    const StoredMessage& stored) {
  std::optional<v1::OwnRoster> half;
  for (const v1::OwnRoster& own : caller.rosters()) {
    if (request.has_from() && own.phone_id() != request.from()) continue;
    if (own.id() == stored.author.value) return own;
    if (own.id() == stored.a.value || own.id() == stored.b.value) half = own;
  }
  return half;
}

}  // namespace

absl::StatusOr<AskedEdit> CheckEdit(const v1::Message& request) {
  AskedEdit asked;
  asked.id = request.has_id() ? request.id() : request.edit_msg();
  if (asked.id <= 0) return Invalid("Message.id: missing");
  if (!request.files().empty()) {
    CHAT_RETURN_IF_ERROR(CheckFiles(request));
    return asked;
  }
  bool for_all =
      request.seenby().empty() || (request.seenby_size() == 1 && request.seenby(0) == kForAll);
  asked.kind = for_all ? AskedEdit::Kind::kRemoveForAll : AskedEdit::Kind::kRemoveForMe;
  return asked;
}

absl::StatusOr<AskedEdit> CheckComplete(const v1::Message& request) {
  CHAT_RETURN_IF_ERROR(CheckFiles(request, true));
  if (request.id() <= 0) return Denied("Message.id: unknown");
  return AskedEdit{AskedEdit::Kind::kComplete, request.id()};
}

absl::StatusOr<v1::OwnRoster> CheckEditor(const v1::Caller& caller, const v1::Message& request,
                                          AskedEdit::Kind kind, const StoredMessage& stored) {
  std::optional<v1::OwnRoster> half = HalfOf(caller, request, stored);
  if (!half) return Denied("Message.id: not a participant of the feed");
  if (stored.row.status == v1::Message::MUC) return Denied("Message.id: a system message");
  if (kind != AskedEdit::Kind::kRemoveForMe && half->id() != stored.author.value) {
    return Denied("Message.id: not the author");
  }
  if (kind == AskedEdit::Kind::kComplete && stored.row.status != v1::Message::LINK) {
    return Invalid("Message.id: no open upload");
  }
  if (stored.row.status == v1::Message::DELETED) return Invalid("Message.id: removed already");
  if (kind == AskedEdit::Kind::kEdit && stored.row.status == v1::Message::LINK) {
    return Invalid("Message.id: an upload that is not complete");
  }
  return *half;
}

MessageRow Edited(const v1::Message& request, AskedEdit::Kind kind, MessageRow row) {
  v1::Message body;
  body.ParseFromString(row.body);
  *body.mutable_files() = request.files();
  row.edited = kind != AskedEdit::Kind::kComplete;
  if (kind == AskedEdit::Kind::kComplete) {
    row.status = v1::Message::SENT;
  } else if (kind == AskedEdit::Kind::kEdit) {
    if (request.has_type()) body.set_type(request.type());
  } else {
    body.add_seenby(kForAll);
    row.status = v1::Message::DELETED;
  }
  row.body = body.SerializeAsString();
  return row;
}

v1::Message RemovedForMe(const v1::Message& request, const MessageRow& row) {
  v1::Message message = RenderMessage(row);
  message.clear_files();
  *message.mutable_seenby() = request.seenby();
  message.set_edit_msg(row.id);
  message.set_status(v1::Message::EDIT);
  return message;
}

}  // namespace chat::messaging

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

struct Editing {
  v1::OwnRoster roster;
  bool admin = false;
};

// The caller's roster in the feed: the author, if it is one of them, else an admin, if one is.
std::optional<Editing> EditorOf(const v1::Caller& caller, const v1::Message& request,
                                const StoredMessage& stored) {
  std::optional<Editing> editing;
  for (const v1::OwnRoster& own : caller.rosters()) {
    if (request.has_from() && own.phone_id() != request.from()) continue;
    for (const StoredMessage::Participant& participant : stored.own) {
      if (participant.roster.value != own.id()) continue;
      if (participant.roster == stored.author) return Editing{own, participant.admin};
      if (!editing || (participant.admin && !editing->admin)) {
        editing = Editing{own, participant.admin};
      }
    }
  }
  return editing;
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
  std::optional<Editing> editing = EditorOf(caller, request, stored);
  if (!editing) return Denied("Message.id: not a participant of the feed");
  if (stored.row.status == v1::Message::MUC) return Denied("Message.id: a system message");
  const bool author = editing->roster.id() == stored.author.value;
  const bool moderates = kind == AskedEdit::Kind::kRemoveForAll && editing->admin;
  if (kind != AskedEdit::Kind::kRemoveForMe && !author && !moderates) {
    return Denied("Message.id: not the author");
  }
  if (kind == AskedEdit::Kind::kComplete && stored.row.status != v1::Message::LINK) {
    return Invalid("Message.id: no open upload");
  }
  if (stored.row.status == v1::Message::DELETED) return Invalid("Message.id: removed already");
  if (kind == AskedEdit::Kind::kEdit && stored.row.status == v1::Message::LINK) {
    return Invalid("Message.id: an upload that is not complete");
  }
  return editing->roster;
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

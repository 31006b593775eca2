#include "services/messaging/editor.h"

#include <future>
#include <memory>
#include <utility>

#include "libs/base/status.h"
#include "libs/rpc/refusal.h"
#include "services/messaging/edit_rules.h"
#include "services/messaging/object_refs.h"
#include "services/messaging/render.h"

namespace chat::messaging {

namespace {

// The batcher answers by the deadline; a little later the waiting thread gives up on it.
constexpr std::chrono::milliseconds kAnswerGrace{500};

absl::Status Unknown(AskedEdit::Kind kind) {
  return rpc::Refuse(kind == AskedEdit::Kind::kComplete ? v1::PERMISSION_DENIED : v1::INVALID_DATA,
                     "Message.id: unknown");
}

}  // namespace

absl::Status Editor::Edit(const rpc::Call& call, const v1::Message& request) {
  CHAT_ASSIGN_OR_RETURN(AskedEdit asked, CheckEdit(request));
  return Apply(call, request, asked);
}

absl::Status Editor::Complete(const rpc::Call& call, const v1::Message& request) {
  CHAT_ASSIGN_OR_RETURN(AskedEdit asked, CheckComplete(request));
  return Apply(call, request, asked);
}

absl::Status Editor::DropUploads(const rpc::Call& call) {
  CHAT_ASSIGN_OR_RETURN(std::vector<StoredMessage> late, store_.LateUploads(call.deadline));
  for (StoredMessage& upload : late) {
    absl::Status status =
        Submit(call, Edited({}, AskedEdit::Kind::kRemoveForAll, std::move(upload.row)));
    if (!status.ok() && !absl::IsAborted(status)) return status;  // completed meanwhile: well
  }
  return absl::OkStatus();
}

// The parts that are objects, once it is known that the caller may change the message.
absl::Status Editor::NameFiles(const rpc::Call& call, AskedEdit::Kind kind, v1::Message* request) {
  const AccountId author{call.caller.account_id()};
  if (kind == AskedEdit::Kind::kComplete) return links_.Complete(call, author, request);
  NameObjects(author, request->mutable_files());
  return absl::OkStatus();
}

absl::Status Editor::Apply(const rpc::Call& call, v1::Message request, const AskedEdit& asked) {
  for (bool named = false;; named = true) {
    CHAT_ASSIGN_OR_RETURN(
        std::optional<StoredMessage> found,
        store_.Find(call.deadline, AccountId{call.caller.account_id()}, asked.id));
    if (!found) return Unknown(asked.kind);
    StoredMessage& stored = *found;
    CHAT_ASSIGN_OR_RETURN(v1::OwnRoster own, CheckEditor(call.caller, request, asked.kind, stored));
    if (asked.kind == AskedEdit::Kind::kRemoveForMe) return Hide(call, request, stored.row, own);
    if (!named) CHAT_RETURN_IF_ERROR(NameFiles(call, asked.kind, &request));
    absl::Status status = Submit(call, Edited(request, asked.kind, std::move(stored.row)));
    if (!absl::IsAborted(status)) return status;
  }
}

absl::Status Editor::Hide(const rpc::Call& call, const v1::Message& request, const MessageRow& row,
                          const v1::OwnRoster& own) {
  v1::Record record;
  *record.mutable_message() = RemovedForMe(request, row);
  CHAT_ASSIGN_OR_RETURN(
      Announcement announcement,
      store_.Hide(call.deadline, row.id, RosterId{own.id()}, AccountId{call.caller.account_id()},
                  record.SerializeAsString()));
  for (Announced& announced : announcement.events) announced.event.set_trace(call.trace);
  sink_.Publish(std::move(announcement));
  return absl::OkStatus();
}

absl::Status Editor::Submit(const rpc::Call& call, MessageRow changed) {
  Send send;
  send.feed = TopicOf(changed);
  send.body = changed.body;
  send.client_id = call.caller.client_id();
  send.trace = call.trace;
  send.change = std::move(changed);
  auto answer = std::make_shared<std::promise<absl::Status>>();
  auto future = answer->get_future();
  batcher_.Submit(std::move(send), call.deadline, [answer](absl::StatusOr<SendResult> result) {
    answer->set_value(result.status());
  });
  if (future.wait_until(call.deadline + kAnswerGrace) != std::future_status::ready) {
    return absl::DeadlineExceededError("the change was not committed in time");
  }
  return future.get();
}

}  // namespace chat::messaging

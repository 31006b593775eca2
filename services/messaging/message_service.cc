#include "services/messaging/message_service.h"

#include <algorithm>
#include <future>
#include <memory>
#include <utility>

#include "libs/base/status.h"

namespace chat::messaging {

namespace {

// The batcher answers by the deadline; a little later the waiting thread gives up on it.
constexpr std::chrono::milliseconds kAnswerGrace{500};

}  // namespace

void Sender::Client(const rpc::Call& call, const v1::Message& request, Done done) {
  absl::StatusOr<Send> send = CheckSend(call.caller, request);
  if (!send.ok()) return done(send.status());
  send->trace = call.trace;
  batcher_.Submit(*std::move(send), call.deadline,
                  [this, call, done = std::move(done)](absl::StatusOr<SendResult> result) {
                    if (!result.ok()) return done(result.status());
                    Answer(call, *std::move(result), std::move(done));
                  });
}

void Sender::Answer(const rpc::Call& call, SendResult result, Done done) const {
  v1::Message& message = result.message;
  const auto answer = [done](v1::Message stored) {
    v1::Reply reply;
    *reply.add_records()->mutable_message() = std::move(stored);
    done(std::move(reply));
  };
  const bool to_come = message.status() == v1::Message::LINK &&
                       std::any_of(message.files().begin(), message.files().end(),
                                   [](const v1::Desc& desc) { return desc.payload().empty(); });
  if (to_come) {
    const AccountId author{call.caller.account_id()};
    return links_.Prepare(call, author, std::move(message),
                          [answer, done](absl::StatusOr<v1::Message> prepared) {
                            prepared.ok() ? answer(*std::move(prepared)) : done(prepared.status());
                          });
  }
  if (!result.repeat) return done(v1::Reply());
  links_.FillLater(call, std::move(message), answer);
}

grpc::Status MessageService::Client(grpc::ServerContext* context, const v1::Message* request,
                                    v1::Reply* reply) {
  return Send(context, "MessageService/Client", request, reply);
}

grpc::Status MessageService::Upload(grpc::ServerContext* context, const v1::Message* request,
                                    v1::Reply* reply) {
  return Send(context, "MessageService/Upload", request, reply);
}

grpc::Status MessageService::Send(grpc::ServerContext* context, const char* method,
                                  const v1::Message* request, v1::Reply* reply) {
  return rpc::Serve(context, method, [&](const rpc::Call& call) -> absl::Status {
    auto answer = std::make_shared<std::promise<absl::StatusOr<v1::Reply>>>();
    auto future = answer->get_future();
    sender_.Client(call, *request, [answer](absl::StatusOr<v1::Reply> result) {
      answer->set_value(std::move(result));
    });
    if (future.wait_until(call.deadline + kAnswerGrace) != std::future_status::ready) {
      return absl::DeadlineExceededError("the message was not committed in time");
    }
    CHAT_ASSIGN_OR_RETURN(*reply, future.get());
    return absl::OkStatus();
  });
}

grpc::Status MessageService::Edit(grpc::ServerContext* context, const v1::Message* request,
                                  v1::Reply*) {
  return rpc::Serve(context, "MessageService/Edit",
                    [&](const rpc::Call& call) { return editor_.Edit(call, *request); });
}

grpc::Status MessageService::Complete(grpc::ServerContext* context, const v1::Message* request,
                                      v1::Reply*) {
  return rpc::Serve(context, "MessageService/Complete",
                    [&](const rpc::Call& call) { return editor_.Complete(call, *request); });
}

}  // namespace chat::messaging

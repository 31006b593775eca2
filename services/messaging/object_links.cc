#include "services/messaging/object_links.h"

#include <algorithm>
#include <utility>

#include "libs/base/status.h"
#include "libs/log/log.h"
#include "libs/metrics/metrics.h"
#include "services/messaging/object_refs.h"

namespace chat::messaging {

namespace {

constexpr std::chrono::milliseconds kPatience{2000};
constexpr size_t kPartsPerCall = 500;

// An asynchronous call and what must live as long as it.
template <typename Request, typename Reply>
struct Pending {
  std::shared_ptr<v1::MediaInternal::Stub> stub;
  grpc::ClientContext context;
  Request request;
  Reply reply;
  v1::Message message;
};

void Bound(const rpc::Call& call, grpc::ClientContext* context) {
  rpc::ToClientContext(call, context);
  const auto left = std::min<std::chrono::steady_clock::duration>(
      call.deadline - std::chrono::steady_clock::now(), kPatience);
  context->set_deadline(std::chrono::system_clock::now() +
                        std::chrono::duration_cast<std::chrono::microseconds>(left));
}

v1::RenderRequest Asked(const std::vector<v1::Desc*>& parts) {
  v1::RenderRequest request;
  for (const v1::Desc* desc : parts) {
    v1::RenderPart& part = *request.add_parts();
    const std::optional<ObjectRef> ref = RefOf(*desc);
    if (!ref) continue;
    part.set_account_id(ref->account.value);
    if (desc->payload().empty()) {
      part.set_object(ref->id);
    } else {
      part.set_payload(desc->payload());
    }
  }
  return request;
}

void Take(const v1::RenderReply& reply, const std::vector<v1::Desc*>& parts) {
  for (size_t i = 0; i < parts.size() && static_cast<int>(i) < reply.parts_size(); ++i) {
    const std::string& link = reply.parts(static_cast<int>(i)).link();
    if (!link.empty()) parts[i]->set_payload(link);
  }
}

void Failed(const rpc::Call& call, const std::string& why) {
  static prometheus::Counter& failures =
      metrics::Counter("chat_messaging_unlinked_total",
                       "Messages that went out without the links of their objects.");
  failures.Increment();
  log::Warn("objects have no links", {{"trace", call.trace}, {"why", why}});
}

}  // namespace

ObjectLinks::ObjectLinks(std::shared_ptr<grpc::Channel> media)
    : stub_(v1::MediaInternal::NewStub(std::move(media))) {}

void ObjectLinks::Fill(const rpc::Call& call, google::protobuf::Message* record) const {
  Fill(call, std::vector<google::protobuf::Message*>{record});
}

void ObjectLinks::Fill(const rpc::Call& call,
                       const std::vector<google::protobuf::Message*>& records) const {
  std::vector<v1::Desc*> all;
  for (google::protobuf::Message* record : records) {
    std::vector<v1::Desc*> some = ObjectsIn(record);
    all.insert(all.end(), some.begin(), some.end());
  }
  for (size_t begin = 0; begin < all.size(); begin += kPartsPerCall) {
    const std::vector<v1::Desc*> parts(
        all.begin() + static_cast<ptrdiff_t>(begin),
        all.begin() + static_cast<ptrdiff_t>(std::min(all.size(), begin + kPartsPerCall)));
    v1::RenderReply reply;
    absl::Status status = rpc::Invoke(call, *stub_, &v1::MediaInternal::Stub::Render, Asked(parts),
                                      &reply, kPatience);
    if (!status.ok()) return Failed(call, chat::Message(status));
    Take(reply, parts);
  }
}

void ObjectLinks::FillLater(const rpc::Call& call, v1::Message message,
                            std::function<void(v1::Message)> done) const {
  if (!HasObjects(message)) return done(std::move(message));
  auto pending = std::make_shared<Pending<v1::RenderRequest, v1::RenderReply>>();
  pending->stub = stub_;
  pending->message = std::move(message);
  pending->request = Asked(ObjectsIn(&pending->message));
  Bound(call, &pending->context);
  stub_->async()->Render(&pending->context, &pending->request, &pending->reply,
                         [pending, call, done = std::move(done)](grpc::Status status) {
                           if (status.ok()) {
                             Take(pending->reply, ObjectsIn(&pending->message));
                           } else {
                             Failed(call, status.error_message());
                           }
                           done(std::move(pending->message));
                         });
}

void ObjectLinks::Prepare(const rpc::Call& call, AccountId author, v1::Message message,
                          Prepared done) const {
  auto pending = std::make_shared<Pending<v1::PrepareRequest, v1::PrepareReply>>();
  pending->stub = stub_;
  pending->request.set_account_id(author.value);
  pending->request.set_message_id(message.id());
  for (int i = 0; i < message.files_size(); ++i) {
    const v1::Desc& desc = message.files(i);
    if (!desc.payload().empty()) continue;
    v1::PreparePart& part = *pending->request.add_parts();
    part.set_index(i);
    part.set_desc_id(desc.id());
    part.set_filename(desc.filename());
    part.set_size(desc.size());
  }
  if (pending->request.parts().empty()) return done(std::move(message));
  pending->message = std::move(message);
  Bound(call, &pending->context);
  stub_->async()->Prepare(&pending->context, &pending->request, &pending->reply,
                          [pending, done = std::move(done)](grpc::Status status) {
                            if (!status.ok()) return done(rpc::FromGrpc(status));
                            for (int i = 0; i < pending->request.parts_size(); ++i) {
                              pending->message.mutable_files(pending->request.parts(i).index())
                                  ->set_payload(pending->reply.links(i));
                            }
                            done(std::move(pending->message));
                          });
}

absl::Status ObjectLinks::Complete(const rpc::Call& call, AccountId author,
                                   v1::Message* request) const {
  NameObjects(author, request->mutable_files());
  v1::CompleteRequest asked;
  asked.set_account_id(author.value);
  asked.set_message_id(request->id());
  std::vector<v1::Desc*> parts;
  for (v1::Desc& desc : *request->mutable_files()) {
    if (!desc.payload().empty() && desc.object().empty()) continue;
    parts.push_back(&desc);
    v1::CompletePart& part = *asked.add_parts();
    part.set_desc_id(desc.id());
    part.set_payload(desc.payload());
    part.set_size(desc.size());
  }
  if (parts.empty()) return absl::OkStatus();
  v1::CompleteReply reply;
  CHAT_RETURN_IF_ERROR(rpc::Invoke(call, *stub_, &v1::MediaInternal::Stub::Complete, asked, &reply,
                                   std::chrono::seconds(10)));
  if (static_cast<size_t>(reply.parts_size()) != parts.size()) {
    return absl::InternalError("MediaInternal.Complete: another number of parts than asked");
  }
  for (size_t i = 0; i < parts.size(); ++i) {
    const v1::CompletedPart& part = reply.parts(static_cast<int>(i));
    if (part.object().empty()) {
      parts[i]->clear_object();
      continue;
    }
    parts[i]->set_object(RefText(author, part.object()));
    parts[i]->set_payload("");
    parts[i]->set_size(part.size());
  }
  return absl::OkStatus();
}

}  // namespace chat::messaging

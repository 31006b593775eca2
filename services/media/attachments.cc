#include "services/media/attachments.h"

#include <set>

#include "libs/base/status.h"
#include "libs/metrics/metrics.h"
#include "libs/rpc/refusal.h"

namespace chat::media {
namespace {

constexpr std::chrono::seconds kPatience{10};

absl::Status Invalid(std::string_view why) { return rpc::Refuse(v1::INVALID_DATA, why); }

absl::Status TooManyIfFull(absl::Status status, const char* why) {
  return absl::IsResourceExhausted(status) ? rpc::Refuse(v1::TOO_MANY, why) : status;
}

pg::Deadline Soon() { return std::chrono::steady_clock::now() + kPatience; }

int64_t NowS() { return Clock::System().UnixMs() / 1000; }

void Count(const char* outcome) {
  metrics::Counter("chat_media_put_total", "Bodies that were PUT to links, by outcome.",
                   {{"outcome", outcome}})
      .Increment();
}

}  // namespace

absl::StatusOr<v1::PrepareReply> Attachments::Prepare(const rpc::Call& call,
                                                      const v1::PrepareRequest& request) {
  std::vector<NewPart> parts;
  for (const v1::PreparePart& part : request.parts()) {
    parts.push_back({part.index(), part.desc_id(), BaseName(part.filename())});
  }
  auto made = store_.Prepare(call.deadline, AccountId{request.account_id()}, request.message_id(),
                             parts, space_.remote(), limits_.open_parts);
  if (!made.ok()) return TooManyIfFull(made.status(), "too many uploads are not complete");
  if (made->size() != parts.size()) return Invalid("PrepareRequest: not the author's message");
  v1::PrepareReply reply;
  for (const Attachment& attachment : *made) {
    reply.add_links(SpaceOf(attachment).PutLink(attachment));
  }
  return reply;
}

// What the object is; invalid_data unless it is there, whole, and as large as it was said to be.
absl::StatusOr<SealedPart> Attachments::Inspect(const Attachment& attachment,
                                                int64_t declared) const {
  SealedPart part{attachment.id, attachment.size, attachment.content_type};
  if (!attachment.sealed) {
    CHAT_ASSIGN_OR_RETURN(std::optional<ObjectSpace::Facts> facts,
                          SpaceOf(attachment).Stat(attachment));
    if (!facts) return Invalid("Desc.payload: nothing was uploaded");
    part.size = facts->size;
    part.content_type = facts->content_type;
  }
  if (part.size > limits_.object_bytes) return Invalid("Desc.size: the object is too large");
  if (declared > 0 && declared != part.size) return Invalid("Desc.size: not the object's");
  return part;
}

absl::StatusOr<v1::CompleteReply> Attachments::Complete(const rpc::Call& call,
                                                        const v1::CompleteRequest& request) {
  const AccountId account{request.account_id()};
  CHAT_ASSIGN_OR_RETURN(AttachmentStore::Parts uploads,
                        store_.OfMessage(call.deadline, account, request.message_id()));
  v1::CompleteReply reply;
  std::vector<SealedPart> sealed;
  std::set<int64_t> used;
  for (const v1::CompletePart& part : request.parts()) {
    v1::CompletedPart& out = *reply.add_parts();
    const Attachment* upload = nullptr;
    for (const Attachment& one : uploads) {
      const bool named = part.payload().empty() ? one.desc_id == part.desc_id()
                                                : SpaceOf(one).Names(part.payload(), one);
      if (upload == nullptr && named && used.count(one.id) == 0) upload = &one;
    }
    if (upload != nullptr) {
      used.insert(upload->id);
      CHAT_ASSIGN_OR_RETURN(SealedPart inspected, Inspect(*upload, part.size()));
      out.set_object(upload->name);
      out.set_size(inspected.size);
      sealed.push_back(std::move(inspected));
      continue;
    }
    if (part.payload().empty()) return Invalid("Desc.id: no part of the upload");
    CHAT_ASSIGN_OR_RETURN(std::optional<Attachment> object,
                          Linked(call.deadline, account, part.payload()));
    if (!object) continue;
    out.set_object(object->name);
    out.set_size(object->size);
  }
  if (sealed.empty()) return reply;
  absl::Status status = store_.Seal(call.deadline, account, sealed, limits_.account_bytes);
  if (absl::IsFailedPrecondition(status) && !rpc::RefusalOf(status)) {
    return Invalid("Desc.payload: the object has changed");
  }
  if (!status.ok()) return TooManyIfFull(std::move(status), "over quota");
  return reply;
}

// The author's object that a text links to; nullopt: none.
absl::StatusOr<std::optional<Attachment>> Attachments::Linked(pg::Deadline deadline,
                                                              AccountId author,
                                                              const std::string& url) const {
  std::optional<std::string> id = links_.IdOf(url);
  const bool ours = id.has_value();
  // A presigned link of the bucket ends with the object's name.
  const std::string path = url.substr(0, url.find('?'));
  if (!ours) id = path.substr(path.rfind('/') + 1);
  CHAT_ASSIGN_OR_RETURN(auto found, store_.Find(deadline, {{author, *id}}));
  if (found[0] && !ours && !SpaceOf(*found[0]).Names(url, *found[0])) found[0].reset();
  return std::move(found[0]);
}

absl::StatusOr<v1::RenderReply> Attachments::Render(const rpc::Call& call,
                                                    const v1::RenderRequest& request) {
  std::vector<AttachmentStore::Named> named;
  for (const v1::RenderPart& part : request.parts()) {
    if (!part.object().empty()) named.push_back({AccountId{part.account_id()}, part.object()});
  }
  CHAT_ASSIGN_OR_RETURN(auto found, store_.Find(call.deadline, named));
  v1::RenderReply reply;
  size_t next = 0;
  for (const v1::RenderPart& part : request.parts()) {
    v1::RenderedPart& out = *reply.add_parts();
    std::optional<Attachment> object;
    if (!part.object().empty()) {
      object = std::move(found[next++]);
    } else {
      CHAT_ASSIGN_OR_RETURN(object,
                            Linked(call.deadline, AccountId{part.account_id()}, part.payload()));
    }
    if (object) out.set_link(SpaceOf(*object).GetLink(*object));
  }
  return reply;
}

// A PUT on its way into the local folder.
class Attachments::Body : public Incoming {
 public:
  Body(Attachments& owner, Attachment attachment, std::string content_type,
       std::unique_ptr<ObjectFiles::Growing> file)
      : owner_(owner),
        attachment_(std::move(attachment)),
        content_type_(std::move(content_type)),
        file_(std::move(file)) {}

  absl::Status Write(std::string_view bytes) override { return file_->Write(bytes); }

  absl::Status Finish() override {
    CHAT_RETURN_IF_ERROR(file_->Sync());
    absl::Status status = owner_.store_.Receive(
        Soon(), attachment_, file_->size(), content_type_, owner_.limits_.account_bytes,
        [this] { return owner_.files_.Adopt(*file_, attachment_.id); });
    Count(status.ok() ? "stored" : "refused");
    return status;
  }

 private:
  Attachments& owner_;
  const Attachment attachment_;
  const std::string content_type_;
  const std::unique_ptr<ObjectFiles::Growing> file_;
};

absl::StatusOr<std::unique_ptr<Incoming>> Attachments::Accept(const UploadRequest& request) {
  if (!links_.Allows(SignedLinks::Right::kWrite, request.name, request.query, NowS())) {
    return absl::PermissionDeniedError("no valid link");
  }
  if (request.size > limits_.object_bytes) return absl::OutOfRangeError("too large");
  CHAT_ASSIGN_OR_RETURN(std::optional<Attachment> found, store_.ByName(Soon(), request.name));
  if (!found || found->remote) return absl::NotFoundError("the upload is over");
  if (found->sealed) return absl::FailedPreconditionError("the object is complete");
  CHAT_ASSIGN_OR_RETURN(std::unique_ptr<ObjectFiles::Growing> file, files_.Grow(found->id));
  return std::make_unique<Body>(*this, *std::move(found), request.content_type, std::move(file));
}

}  // namespace chat::media

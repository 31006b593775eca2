#include "services/media/transfers.h"

#include <algorithm>

#include "libs/base/status.h"
#include "libs/log/log.h"
#include "libs/metrics/metrics.h"

namespace chat::media {
namespace {

constexpr char kInit[] = "init";
constexpr char kSend[] = "send";
constexpr size_t kMaxId = 255;

void Count(const char* outcome) {
  metrics::Counter("chat_media_transfer_steps_total", "Steps of uploads by outcome",
                   {{"outcome", outcome}})
      .Increment();
}

v1::FtpAck Answer(const v1::Ftp& ftp, const char* status, int64_t offset, int64_t block) {
  v1::FtpAck ack;
  if (ftp.has_id()) ack.set_id(ftp.id());
  if (ftp.has_sid()) ack.set_sid(ftp.sid());
  if (ftp.has_filename()) ack.set_filename(BaseName(ftp.filename()));
  if (ftp.has_meta()) ack.set_meta(ftp.meta());
  if (ftp.has_options()) ack.set_options(ftp.options());
  ack.set_size(ftp.size());
  ack.set_offset(offset);
  ack.set_block(block);
  ack.set_data("");
  ack.set_status(status);
  return ack;
}

// The offset of a refusal is below the size: a client must not take it for the end.
v1::FtpAck Refused(const v1::Ftp& ftp, int64_t stored) {
  Count("refused");
  const int64_t offset = std::max<int64_t>(0, std::min(stored, ftp.size() - 1));
  v1::FtpAck ack = Answer(ftp, kSend, offset, 0);
  ack.set_sid("");
  return ack;
}

v1::FtpAck Finished(const v1::Ftp& ftp, const Upload& upload) {
  v1::FtpAck ack = Answer(ftp, kSend, upload.size, 0);
  ack.set_sid("");
  return ack;
}

TransferKey KeyOf(const rpc::Call& call, const v1::Ftp& ftp) {
  return {AccountId{call.caller.account_id()}, ftp.id()};
}

bool IsOwnSession(const v1::Caller& caller, const v1::Ftp& ftp) {
  return caller.account_id() != 0 && !caller.token().empty() &&
         SameSecret(ftp.sid(), caller.token());
}

}  // namespace

absl::StatusOr<v1::FtpAck> Transfers::Handle(const rpc::Call& call, const v1::Ftp& ftp) {
  if (!IsOwnSession(call.caller, ftp)) return Refused(ftp, 0);
  if (ftp.id().empty() || ftp.id().size() > kMaxId || ftp.size() < 0) return Refused(ftp, 0);
  if (ftp.status() == kSend) return Send(call, ftp);
  if (ftp.status() != kInit) return Refused(ftp, 0);
  return ftp.block() == 0 ? Cancel(call, ftp) : Open(call, ftp);
}

absl::StatusOr<v1::FtpAck> Transfers::Open(const rpc::Call& call, const v1::Ftp& ftp) {
  const int64_t block = Block(ftp);
  if (block == 0) return Refused(ftp, 0);
  OpenVerdict verdict = OpenVerdict::kRefused;
  CHAT_ASSIGN_OR_RETURN(
      std::optional<Upload> upload,
      store_.Open(call.deadline, KeyOf(call, ftp),
                  {.size = ftp.size(), .filename = BaseName(ftp.filename()), .meta = ftp.meta()},
                  [&](const std::optional<Upload>& found, const Used& used) {
                    return verdict = Judge(found, ftp.size(), used);
                  }));
  if (verdict == OpenVerdict::kRefused) return Refused(ftp, upload ? upload->stored : 0);
  Count("opened");
  return Answer(ftp, kInit, upload->stored, block);
}

OpenVerdict Transfers::Judge(const std::optional<Upload>& upload, int64_t size,
                             const Used& used) const {
  const OpenVerdict verdict = JudgeOpen(upload, size, used, limits_.quota);
  const bool resumes = verdict == OpenVerdict::kResume || verdict == OpenVerdict::kResize;
  if (resumes && !upload->finished && files_.Size(upload->id) < upload->stored) {
    log::Error(
        "the bytes of an upload are missing, it begins again; do all replicas see the same"
        " object_dir?",
        {{"object", upload->id}});
    return OpenVerdict::kRestart;
  }
  return verdict;
}

absl::StatusOr<v1::FtpAck> Transfers::Cancel(const rpc::Call& call, const v1::Ftp& ftp) {
  CHAT_RETURN_IF_ERROR(
      store_
          .Cancel(call.deadline, KeyOf(call, ftp),
                  [this](const StoredPlace& place) { return files_.Erase(place.id); })
          .status());
  Count("cancelled");
  return Answer(ftp, kInit, 0, 0);
}

absl::StatusOr<v1::FtpAck> Transfers::Send(const rpc::Call& call, const v1::Ftp& ftp) {
  BlockDecision block;
  int64_t stored = 0;
  absl::StatusOr<std::optional<Upload>> upload =
      store_.Append(call.deadline, KeyOf(call, ftp), [&](Upload* found) {
        stored = found->stored;
        const bool fits =
            ftp.block() == static_cast<int64_t>(ftp.data().size()) && ftp.size() == found->size;
        block = fits ? JudgeBlock(*found, ftp.offset(), ftp.block()) : BlockDecision();
        return Write(block, ftp, found);
      });
  if (upload.status().code() == absl::StatusCode::kDataLoss) {
    log::Error("an upload cannot go on", {{"why", Message(upload.status())}});
    return Refused(ftp, 0);
  }
  if (!upload.ok()) return upload.status();
  if (!*upload || block.verdict == BlockVerdict::kRefused) return Refused(ftp, stored);
  Count(block.verdict == BlockVerdict::kRepeated ? "repeated" : "stored");
  const int64_t next = ftp.offset() + ftp.block();
  if ((*upload)->finished && next >= (*upload)->size) {
    if (block.verdict == BlockVerdict::kWrite) Count("finished");
    return Finished(ftp, **upload);
  }
  return Answer(ftp, kSend, next, Block(ftp));
}

absl::Status Transfers::Write(const BlockDecision& block, const v1::Ftp& ftp,
                              Upload* upload) const {
  static prometheus::Counter& received =
      metrics::Counter("chat_media_received_bytes_total", "Bytes of uploads made durable");
  if (block.verdict != BlockVerdict::kWrite || (block.write == 0 && !block.finishes)) {
    return absl::OkStatus();
  }
  const auto bytes = std::string_view(ftp.data()).substr(0, static_cast<size_t>(block.write));
  CHAT_RETURN_IF_ERROR(files_.Append(upload->id, upload->stored, bytes));
  received.Increment(static_cast<double>(block.write));
  upload->stored += block.write;
  upload->finished = block.finishes;
  return absl::OkStatus();
}

int64_t Transfers::Block(const v1::Ftp& ftp) const {
  const size_t echoed = ftp.id().size() + ftp.sid().size() + ftp.filename().size() +
                        ftp.meta().size() + ftp.options().size();
  return BlockToOffer(limits_.block_bytes, limits_.max_packet, static_cast<int64_t>(echoed));
}

}  // namespace chat::media

#include "services/media/transfer_rules.h"

#include <openssl/crypto.h>

#include <algorithm>

namespace chat::media {
namespace {

// MQTT header, topic, packet id, properties, and what the ten terms need beside their bytes.
constexpr int64_t kPacketOverhead = 1536;
constexpr size_t kMaxName = 255;

}  // namespace

OpenVerdict JudgeOpen(const std::optional<Upload>& upload, int64_t size, const Used& used,
                      const Quota& quota) {
  if (size < 0 || size > quota.object_bytes) return OpenVerdict::kRefused;
  if (upload && upload->size == size) return OpenVerdict::kResume;
  if (upload && upload->finished) return OpenVerdict::kRefused;
  const int64_t others = used.bytes - (upload ? upload->size : 0);
  if (size > quota.account_bytes - others) return OpenVerdict::kRefused;
  if (!upload) {
    return used.unfinished < quota.unfinished ? OpenVerdict::kCreate : OpenVerdict::kRefused;
  }
  return upload->stored <= size ? OpenVerdict::kResize : OpenVerdict::kRestart;
}

BlockDecision JudgeBlock(const Upload& upload, int64_t offset, int64_t length) {
  if (offset < 0 || length < 0 || offset > upload.stored) return {};
  const int64_t left = upload.size - upload.stored;
  if (offset < upload.stored || upload.finished) {
    // A last block may have gone beyond the size; its repetition does too.
    const bool stored = length <= upload.stored - offset || upload.finished;
    return {.verdict = stored ? BlockVerdict::kRepeated : BlockVerdict::kRefused};
  }
  return {
      .verdict = BlockVerdict::kWrite, .write = std::min(length, left), .finishes = length >= left};
}

int64_t BlockToOffer(int64_t preferred, int64_t max_packet, int64_t echoed) {
  return std::max<int64_t>(0, std::min(preferred, max_packet - kPacketOverhead - echoed));
}

std::string BaseName(std::string_view filename) {
  filename = filename.substr(filename.find_last_of("/\\") + 1);
  std::string name;
  for (char c : filename) {
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) name += c;
  }
  if (name.size() > kMaxName) {
    size_t end = kMaxName;
    while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xc0) == 0x80) --end;
    name.resize(end);
  }
  if (name.find_first_not_of('.') == std::string::npos) return "file";
  return name;
}

bool SameSecret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace chat::media

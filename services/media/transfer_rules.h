// The rules of an upload (PROTOCOL 1.8). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace chat::media {

// What is known of an upload or a finished object.
struct Upload {
  int64_t id = 0;
  int64_t size = 0;    // declared
  int64_t stored = 0;  // durable bytes, from the beginning
  bool finished = false;
};

struct Quota {
  int64_t account_bytes = 0;
  int64_t object_bytes = 0;
  int64_t unfinished = 0;  // uploads
};

// What an account has at present, the upload in question included.
struct Used {
  int64_t bytes = 0;  // declared
  int64_t unfinished = 0;
};

enum class OpenVerdict {
  kRefused,  // too large, over quota, too many uploads, or a finished object of another size
  kCreate,
  kResume,   // as it is
  kResize,   // the declared size changes, the stored bytes stay
  kRestart,  // the declared size is below what is stored: from the beginning
};
// `init` for an upload that is there or not.
OpenVerdict JudgeOpen(const std::optional<Upload>& upload, int64_t size, const Used& used,
                      const Quota& quota);

enum class BlockVerdict {
  kRefused,   // not the next block
  kRepeated,  // stored already: acknowledged, not written
  kWrite,
};
struct BlockDecision {
  BlockVerdict verdict = BlockVerdict::kRefused;
  int64_t write = 0;      // bytes of the block that belong to the file
  bool finishes = false;  // the file is whole with them
};
// `send` of `length` bytes at `offset`. What goes beyond the declared size is not kept.
BlockDecision JudgeBlock(const Upload& upload, int64_t offset, int64_t length);

// The block size to offer: the preferred one, less where the tuple around it would not fit into a
// packet. `echoed` are the bytes of the fields that come back in every tuple. 0: none fits.
int64_t BlockToOffer(int64_t preferred, int64_t max_packet, int64_t echoed);

// The last component of a client's file name, in any system's notation, without control characters
// and at most 255 bytes long, cut between characters; "file" where nothing is left.
std::string BaseName(std::string_view filename);

// Takes as long for the first wrong byte as for the last.
bool SameSecret(std::string_view a, std::string_view b);

}  // namespace chat::media

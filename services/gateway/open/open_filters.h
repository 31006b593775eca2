// Which topics are open (PROTOCOL 1.10): the configuration key `open_topics`. Pure.
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>
#include <vector>

namespace chat::gateway {

// A list of topic filters; one that begins with `!` closes what earlier ones opened. What belongs
// to the families of PROTOCOL 1.3 is never open, nor is `$SYS/…`.
class OpenFilters {
 public:
  OpenFilters() = default;
  // Names the entry that is no filter. `aliases`: the names of PROTOCOL 1.9 belong to the families
  // too.
  static absl::StatusOr<OpenFilters> Parse(const std::vector<std::string>& entries, bool aliases);

  bool any() const { return !entries_.empty(); }
  bool OpensTopic(std::string_view topic) const;
  // The whole of a valid filter lies within an open one, and not in one closed later. Some topics
  // that it matches may be closed all the same: nothing comes of those.
  bool OpensFilter(std::string_view filter) const;

 private:
  struct Entry {
    std::string filter;
    bool open;
  };
  bool IsReserved(std::string_view topic) const;

  std::vector<Entry> entries_;
  bool aliases_ = false;
};

}  // namespace chat::gateway

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
  // Names the entry that is no filter.
  static absl::StatusOr<OpenFilters> Parse(const std::vector<std::string>& entries);

  bool any() const { return !entries_.empty(); }
  // `aliases`: the names of PROTOCOL 1.9 belong to the families too.
  bool OpensTopic(std::string_view topic, bool aliases) const;
  // The whole of a valid filter lies within an open one, and nothing of it in one closed later.
  bool OpensFilter(std::string_view filter, bool aliases) const;

 private:
  struct Entry {
    std::string filter;
    bool open;
  };
  std::vector<Entry> entries_;
};

// Whether some topic matches both filters.
bool FiltersMeet(std::string_view one, std::string_view other);

}  // namespace chat::gateway

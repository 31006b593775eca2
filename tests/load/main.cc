#include <sys/resource.h>

#include <cstdio>
#include <fstream>

#include "libs/base/status.h"
#include "tests/load/run.h"

namespace {

// A descriptor for each device: as many as the machine allows.
void RaiseOpenFiles() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

int Fail(const std::string& why) {
  std::fprintf(stderr, "chat-load: %s\n", why.c_str());
  return 2;
}

}  // namespace

int main(int count, char** values) {
  const auto options = chat::load::ParseOptions({values + 1, values + count});
  if (absl::IsCancelled(options.status())) {
    std::printf("%s", chat::load::Usage().c_str());
    return 0;
  }
  if (!options.ok()) return Fail(chat::Message(options.status()));
  RaiseOpenFiles();
  chat::load::StopAtSignals();
  chat::load::Run run(*options);
  const absl::Status executed = run.Execute();
  if (!executed.ok()) return Fail(chat::Message(executed));
  std::printf("%s", chat::load::ToTable(run.report()).c_str());
  if (!options->json.empty()) {
    std::ofstream file(options->json);
    file << chat::load::ToJson(run.report());
    file.close();
    if (!file) return Fail(options->json + ": cannot be written");
  }
  return run.report().Kept() ? 0 : 1;
}

// For tests: rpc_test_process as a child.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace chat::rpc {

// The test process as a child; killed and reaped when it goes out of scope.
class Child {
 public:
  explicit Child(std::vector<std::string> flags, bool serves = false) {
    if (serves) flags.push_back("--grpc_listen=127.0.0.1:0");
    std::string program =
        std::filesystem::read_symlink("/proc/self/exe").parent_path() / "rpc_test_process";
    std::vector<char*> arguments = {program.data()};
    for (std::string& flag : flags) arguments.push_back(flag.data());
    arguments.push_back(nullptr);
    int out[2], err[2];
    if (::pipe2(out, O_CLOEXEC) != 0 || ::pipe2(err, O_CLOEXEC) != 0) std::abort();
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(out[1], STDOUT_FILENO);
      ::dup2(err[1], STDERR_FILENO);
      ::execv(program.c_str(), arguments.data());
      ::_exit(127);
    }
    ::close(out[1]);
    ::close(err[1]);
    out_ = out[0];
    err_ = err[0];
  }
  ~Child() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    ::close(out_);
    ::close(err_);
  }

  void Signal(int signal) { ::kill(pid_, signal); }
  // The status that the process ends with.
  int Wait() {
    Read([] { return false; });
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
  }
  // Reads until standard output holds `text`.
  bool Await(const std::string& text) {
    return Read([&] { return output_.find(text) != std::string::npos; });
  }
  bool AwaitError(const std::string& text) {
    return Read([&] { return errors_.find(text) != std::string::npos; });
  }
  std::string AwaitAddress() {
    size_t at = std::string::npos;
    bool whole = Read([&] {
      at = output_.find("port ");
      return at != std::string::npos && output_.find('\n', at) != std::string::npos;
    });
    if (!whole) return "";
    std::string rest = output_.substr(at + 5);
    return "127.0.0.1:" + rest.substr(0, rest.find('\n'));
  }
  // The value of a numeric field of the last log line that has it; "" when there is none.
  std::string Logged(const std::string& field) const {
    std::string begin = "\"" + field + "\":";
    size_t at = errors_.rfind(begin);
    if (at == std::string::npos) return "";
    at += begin.size();
    return errors_.substr(at, errors_.find_first_of(",}", at) - at);
  }
  const std::string& output() const { return output_; }
  const std::string& errors() const { return errors_; }

 private:
  template <typename Done>
  bool Read(const Done& done) {
    auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    pollfd fds[] = {{out_, POLLIN, 0}, {err_, POLLIN, 0}};
    while (!done() && std::chrono::steady_clock::now() < patience) {
      if (fds[0].fd < 0 && fds[1].fd < 0) return false;
      if (::poll(fds, 2, 100) <= 0) continue;
      for (pollfd& event : fds) {
        if (event.revents == 0) continue;
        char buffer[4096];
        ssize_t count = ::read(event.fd, buffer, sizeof buffer);
        if (count <= 0) {
          event.fd = -1;
          continue;
        }
        (&event == &fds[0] ? output_ : errors_).append(buffer, static_cast<size_t>(count));
      }
    }
    return done();
  }

  pid_t pid_ = -1;
  int out_ = -1, err_ = -1;
  std::string output_, errors_;
};

}  // namespace chat::rpc

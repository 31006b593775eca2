#include "libs/redis/test_redis.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <random>
#include <thread>

#include "libs/redis/connection.h"

namespace chat::redis {
namespace {

int FreePort() {
  int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0) std::abort();
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(fd);
  return ntohs(address.sin_port);
}

}  // namespace

void RedisTest::SetUp() {
  const char* address = std::getenv("CHAT_TEST_REDIS");
  ASSERT_NE(address, nullptr) << "CHAT_TEST_REDIS must name a Redis (host:port); tests/run does";
  address_ = address;
}

std::string RedisTest::Unique(const std::string& name) {
  return "test:" + std::to_string(std::random_device{}()) + ":" + name;
}

PrivateRedis::PrivateRedis() : port_(FreePort()) { Start(); }

PrivateRedis::~PrivateRedis() { Kill(); }

void PrivateRedis::Start() {
  std::string port = std::to_string(port_);
  pid_ = ::fork();
  if (pid_ == 0) {
    int null = ::open("/dev/null", O_RDWR);
    ::dup2(null, STDOUT_FILENO);
    ::dup2(null, STDERR_FILENO);
    ::execlp("redis-server", "redis-server", "--port", port.c_str(), "--bind", "127.0.0.1",
             "--save", "", "--appendonly", "no", "--dir", "/", static_cast<char*>(nullptr));
    ::_exit(127);
  }
  for (int i = 0; i < 1000; ++i) {
    if (Connection::Open(address(), std::chrono::milliseconds(500)).ok()) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  ADD_FAILURE() << "redis-server does not start on port " << port;
}

void PrivateRedis::Kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void PrivateRedis::Pause() {
  ::kill(pid_, SIGSTOP);
  ::waitpid(pid_, nullptr, WUNTRACED);
}

void PrivateRedis::Resume() { ::kill(pid_, SIGCONT); }

}  // namespace chat::redis

#include "actors/replicas/link/channel.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>

#include <cerrno>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace synapse::actors::cluster {

namespace {

/// A chain of certificates in a handshake; OpenSSL's own limit is 100 KiB.
constexpr long max_chain_bytes = 16 * 1024;

// ---- a socket for OpenSSL: its own raises SIGPIPE when the other side has gone ----

int socket_of(BIO* bio) {
  return static_cast<int>(reinterpret_cast<std::intptr_t>(::BIO_get_data(bio)));
}

int judge_transfer(BIO* bio, ssize_t moved, int retry) {
  ::BIO_clear_retry_flags(bio);
  if (moved < 0 && (errno == EAGAIN || errno == EINTR))
    ::BIO_set_flags(bio, retry | BIO_FLAGS_SHOULD_RETRY);
  return static_cast<int>(moved);
}

int send_to_socket(BIO* bio, const char* from, int size) {
  return judge_transfer(bio,
                        ::send(socket_of(bio), from, static_cast<std::size_t>(size), MSG_NOSIGNAL),
                        BIO_FLAGS_WRITE);
}

int receive_from_socket(BIO* bio, char* to, int size) {
  return judge_transfer(bio, ::recv(socket_of(bio), to, static_cast<std::size_t>(size), 0),
                        BIO_FLAGS_READ);
}

long control_socket(BIO*, int what, long, void*) {
  return what == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD* socket_method() {
  static BIO_METHOD* const method = [] {
    auto* made = ::BIO_meth_new(::BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "replica");
    ::BIO_meth_set_write(made, send_to_socket);
    ::BIO_meth_set_read(made, receive_from_socket);
    ::BIO_meth_set_ctrl(made, control_socket);
    return made;
  }();
  return method;
}

std::string text_of_errors() {
  const auto code = ::ERR_peek_last_error();
  const char* reason = code == 0 ? nullptr : ::ERR_reason_error_string(code);
  ::ERR_clear_error();
  return reason == nullptr ? std::string{} : std::string{reason};
}

} // namespace

owned_fd::~owned_fd() {
  if (fd_ >= 0)
    ::close(fd_);
}

// ---- where sessions come from ----

tls_source::stamps tls_source::look() const {
  stamps result{};
  std::size_t at = 0;
  for (const auto* file : {&files_.certificate, &files_.key, &files_.ca}) {
    struct stat info {};
    if (::stat(file->c_str(), &info) == 0) {
      result[at] = static_cast<std::int64_t>(info.st_ino);
      result[at + 1] = info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec;
      result[at + 2] = info.st_size;
    }
    at += 3;
  }
  return result;
}

bool tls_source::read(std::string& problem) {
  ::ERR_clear_error();
  decltype(context_) fresh{::SSL_CTX_new(::TLS_method())};
  auto* ctx = fresh.get();
  if (!ctx || ::SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
      ::SSL_CTX_set_cipher_list(ctx, "HIGH:!aNULL:!MD5") != 1 ||
      ::SSL_CTX_use_certificate_chain_file(ctx, files_.certificate.c_str()) != 1 ||
      ::SSL_CTX_use_PrivateKey_file(ctx, files_.key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      ::SSL_CTX_load_verify_locations(ctx, files_.ca.c_str(), nullptr) != 1) {
    problem = "its certificate files cannot be used: " + text_of_errors();
    return false;
  }
  ::SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION);
  ::SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
  ::SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  ::SSL_CTX_set_max_cert_list(ctx, max_chain_bytes);
  // Replicas dial seldom, and a ticket would be a secret to keep.
  ::SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  ::SSL_CTX_set_num_tickets(ctx, 0);
  context_ = std::move(fresh);
  return true;
}

ssl_ptr tls_source::begin(int socket, session_role own, std::string& problem) {
  const std::lock_guard lock{mutex_};
  // A file that is being replaced is read again with the next connection.
  if (const auto now = look(); !context_ || now != stamps_) {
    if (!read(problem) && !context_)
      return nullptr;
    stamps_ = now;
    problem.clear();
  }
  ssl_ptr session{::SSL_new(context_.get())};
  BIO* bio = ::BIO_new(socket_method());
  if (!session || !bio) {
    ::BIO_free(bio);
    problem = "no memory for TLS";
    return nullptr;
  }
  ::BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(socket)));
  ::BIO_set_init(bio, 1);
  ::SSL_set_bio(session.get(), bio, bio);
  if (own == session_role::dialling)
    ::SSL_set_connect_state(session.get());
  else
    ::SSL_set_accept_state(session.get());
  return session;
}

// ---- the connection ----

/// After a call that did not succeed.
progress channel::judge(int result) {
  switch (::SSL_get_error(session_.get(), result)) {
  case SSL_ERROR_WANT_READ:
    return progress::wants_read;
  case SSL_ERROR_WANT_WRITE:
    return progress::wants_write;
  case SSL_ERROR_SSL:
    problem_ = text_of_errors();
    return progress::closed;
  default:
    ::ERR_clear_error();
    return progress::closed;
  }
}

progress channel::handshake() {
  if (!session_ || shaken_)
    return progress::done;
  ::ERR_clear_error();
  const int result = ::SSL_do_handshake(session_.get());
  shaken_ = result == 1;
  return shaken_ ? progress::done : judge(result);
}

progress channel::read(char* to, std::size_t size, std::size_t& count) {
  count = 0;
  if (session_) {
    ::ERR_clear_error();
    const int result = ::SSL_read_ex(session_.get(), to, size, &count);
    return result == 1 ? progress::done : judge(result);
  }
  const auto got = ::recv(socket_.get(), to, size, 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR))
    return progress::wants_read;
  if (got <= 0)
    return progress::closed;
  count = static_cast<std::size_t>(got);
  plain_bytes_ += count;
  return progress::done;
}

progress channel::write(const char* from, std::size_t size, std::size_t& count) {
  count = 0;
  if (session_) {
    ::ERR_clear_error();
    const int result = ::SSL_write_ex(session_.get(), from, size, &count);
    return result == 1 ? progress::done : judge(result);
  }
  const auto sent = ::send(socket_.get(), from, size, MSG_NOSIGNAL);
  if (sent < 0 && (errno == EAGAIN || errno == EINTR))
    return progress::wants_write;
  if (sent < 0)
    return progress::closed;
  count = static_cast<std::size_t>(sent);
  return progress::done;
}

std::uint64_t channel::bytes_in() const noexcept {
  return session_ ? ::BIO_number_read(::SSL_get_rbio(session_.get())) : plain_bytes_;
}

} // namespace synapse::actors::cluster

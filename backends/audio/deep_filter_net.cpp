#include "backends/audio/deep_filter_net.hpp"

#include "backends/engine/media.hpp"

#include <algorithm>
#include <dlfcn.h>
#include <filesystem>
#include <utility>

namespace synapse::backends {

namespace {

struct state;                       // the library's
constexpr float strongest = 100;    // dB that noise may be lowered by: no limit
constexpr std::size_t delay = 1440; // samples by which the output is late

} // namespace

struct deep_filter_net::interface {
  void* library = nullptr;
  std::string model;
  // Older libraries take no log level: on this machine's calling convention they never see it.
  state* (*create)(const char* model, float limit, const char* log_level) = nullptr;
  std::size_t (*frame_length)(state*) = nullptr;
  float (*process)(state*, float* in, float* out) = nullptr;
  void (*free)(state*) = nullptr;

  ~interface() {
    if (library)
      dlclose(library);
  }

  template <class F>
  bool find(const char* name, F& into) {
    into = reinterpret_cast<F>(dlsym(library, name));
    return into != nullptr;
  }
};

deep_filter_net::deep_filter_net(std::unique_ptr<interface> calls) : calls_(std::move(calls)) {}

deep_filter_net::~deep_filter_net() = default;

std::unique_ptr<deep_filter_net>
deep_filter_net::load(const std::string& library, const std::string& model, std::string& problem) {
  auto calls = std::make_unique<interface>();
  calls->model = model;
  // Without this the library's own panic would end the program.
  if (!std::filesystem::is_regular_file(model)) {
    problem = "there is no model '" + model + "'";
    return nullptr;
  }
  calls->library = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!calls->library) {
    problem = std::string("cannot load the library: ") + dlerror();
    return nullptr;
  }
  bool whole = calls->find("df_create", calls->create) &&
               calls->find("df_get_frame_length", calls->frame_length) &&
               calls->find("df_process_frame", calls->process) &&
               calls->find("df_free", calls->free);
  if (!whole) {
    problem = "'" + library + "' lacks functions of DeepFilterNet";
    return nullptr;
  }
  return std::unique_ptr<deep_filter_net>(new deep_filter_net(std::move(calls)));
}

sound deep_filter_net::denoise(const sound& from, const stop_signal& stop) const {
  const auto& calls = *calls_;
  std::unique_ptr<state, void (*)(state*)> filter{
      calls.create(calls.model.c_str(), strongest, "error"), calls.free};
  if (!filter)
    throw engine_error("DeepFilterNet does not start");
  const auto frame = calls.frame_length(filter.get());
  auto in = from.samples;
  in.resize((from.samples.size() + delay + frame - 1) / frame * frame);
  std::vector<float> out(in.size());
  for (std::size_t at = 0; at < in.size(); at += frame) {
    if (stop.raised())
      throw engine_error("DeepFilterNet was stopped");
    calls.process(filter.get(), in.data() + at, out.data() + at);
  }
  sound result;
  result.rate = from.rate;
  auto begin = out.begin() + static_cast<std::ptrdiff_t>(delay);
  result.samples.assign(begin, begin + static_cast<std::ptrdiff_t>(from.samples.size()));
  return result;
}

} // namespace synapse::backends

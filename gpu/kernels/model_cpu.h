// out[chunks][SUMS]
extern "C" void model_sums(const Model *tasks, unsigned count, unsigned threads, double *out)
{
    all_sums(tasks->paths, threads, [&](Word path, unsigned high) {
        return mixed(tasks, count, path, high);
    }, out);
}

// out[paths][2]: value and control of each sample.
extern "C" void model_paths(const Model *tasks, unsigned count, float *out)
{
    all_paths(tasks->paths, [&](Word path, unsigned high) {
        return mixed(tasks, count, path, high);
    }, out);
}

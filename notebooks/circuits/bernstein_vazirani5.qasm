// Bernstein-Vazirani: one query finds the hidden word 10110 (bit 0 rightmost).
OPENQASM 2.0;
include "qelib1.inc";
qreg q[5];
qreg answer[1];
creg c[5];
x answer[0];
h answer[0];
h q;
cx q[1], answer[0];
cx q[2], answer[0];
cx q[4], answer[0];
h q;
measure q -> c;
